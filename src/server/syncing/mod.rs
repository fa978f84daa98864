//! What the bot declares that TikTok says and shows by itself, brought to TikTok: the plan, and carrying it out. For operators.

mod plan;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use self::plan::{Act, KINDS, Plan, Step, plan, wanted};
use super::Doors;
use super::admin::{Admin, Operator, audited, refuse};
use super::registration::told;
use super::sign_in::SignIn;
use crate::bot::Bot;
use crate::channel::{NotSent, Outcome};
use crate::runtime::Served;
use crate::runtime::port::CallFailure;
use crate::tiktok::client::{Review, Standing};
use crate::tiktok::wire::AutoKind;

/// Two at once would each add what the other adds.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Where TikTok says that the app calls too often, the call is made again so often, after a pause longer than its second.
const PAUSES_MAX: u32 = 3;
const PAUSE: Duration = Duration::from_millis(1_200);

/// Which account, and the plan that somebody has agreed to.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Syncing {
    /// `business_id`; all accounts without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// `plan` of the answer that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
}

pub(super) fn routes() -> Router<Arc<Admin>> {
    Router::new().route("/admin/v1/sync", get(show).post(carry_out))
}

type Refused = (StatusCode, String);

/// One account, and how TikTok is reached for it.
struct Desk<'a> {
    doors: &'a Doors,
    sign_in: &'a SignIn,
    served: Served,
    bot: Arc<Bot>,
}

fn desks<'a>(doors: &'a Doors, which: &Syncing) -> Result<Vec<Desk<'a>>, Refused> {
    let sign_in = doors.sign_in.as_ref().ok_or((StatusCode::CONFLICT, "a dry run asks TikTok nothing".to_owned()))?;
    let named = |name: &Option<String>, is: &str| name.as_deref().is_none_or(|name| name == is);
    let mut all = doors.runtime.accounts();
    all.retain(|served| named(&which.account, &served.open_id) && named(&which.app, &served.app));
    if all.is_empty() {
        return Err((StatusCode::NOT_FOUND, "no such account is served here".to_owned()));
    }
    let desk = |served: Served| Desk { doors, sign_in, bot: doors.runtime.bot_for(&served.open_id), served };
    Ok(all.into_iter().map(desk).collect())
}

async fn show(_: Operator, State(admin): State<Arc<Admin>>, Query(which): Query<Syncing>) -> Response {
    let desks = match desks(&admin.doors, &which) {
        Ok(desks) => desks,
        Err((status, why)) => return refuse(status, &why),
    };
    let mut accounts = Vec::new();
    for desk in desks {
        let shown = match desk.plans().await {
            Ok(plans) => desk.shown(&plans),
            Err(why) => json!({ "app": desk.served.app, "account": desk.served.open_id, "error": why }),
        };
        accounts.push(shown);
    }
    Json(json!({ "accounts": accounts })).into_response()
}

async fn carry_out(_: Operator, State(admin): State<Arc<Admin>>, Json(which): Json<Syncing>) -> Response {
    match carried(&admin.doors, &which).await {
        Ok((on, answer)) => audited(&admin, "sync", on, answer).await,
        Err((status, why)) => refuse(status, &why),
    }
}

async fn carried(doors: &Doors, which: &Syncing) -> Result<(String, Value), Refused> {
    let _alone = ONE_AT_A_TIME.lock().await;
    let desks = desks(doors, which)?;
    let [desk] = desks.as_slice() else {
        return Err((StatusCode::CONFLICT, "one account at a time: name it and its app".to_owned()));
    };
    let away = |why| (StatusCode::BAD_GATEWAY, why);
    let plans = desk.plans().await.map_err(away)?;
    if which.plan.as_deref() != Some(digest(&plans).as_str()) {
        let why = "the bot, or what stands at TikTok, is another one than when the plan was made: look at a new one";
        return Err((StatusCode::CONFLICT, why.to_owned()));
    }
    let mut steps = Vec::new();
    for one in &plans {
        desk.take_steps(&one.steps, &mut steps).await;
    }
    let on = format!("account {} of app {}", desk.served.open_id, desk.served.app);
    // Read back: what TikTok made of it, not what it was told.
    let mut answer = match desk.plans().await {
        Ok(after) => desk.shown(&after),
        Err(why) => json!({ "app": desk.served.app, "account": desk.served.open_id, "error": why }),
    };
    let left = answer.get_mut("steps").map(Value::take).unwrap_or_default();
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("left".to_owned(), left);
        answer.insert("steps".to_owned(), json!(steps));
    }
    Ok((on, answer))
}

/// Names a plan: nothing but what somebody has seen is carried out.
fn digest(plans: &[Plan]) -> String {
    let steps: Vec<Value> = plans.iter().flat_map(|plan| &plan.steps).map(Step::view).collect();
    Sha256::digest(json!(steps).to_string().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Desk<'_> {
    /// What is to be done, kind by kind. What TikTok does by itself is known from here on.
    async fn plans(&self) -> Result<Vec<Plan>, String> {
        let mut plans = Vec::new();
        let (mut answers, mut greets) = (false, false);
        for kind in KINDS {
            let standing = self.standing(kind).await.map_err(|failure| told(&failure))?;
            let speaks = standing.on && standing.items.iter().any(|item| item.review != Review::Rejected);
            match kind {
                AutoKind::SuggestedQuestion => answers = speaks,
                AutoKind::WelcomeMessage => greets = speaks,
                AutoKind::ChatPrompt => {}
            }
            plans.push(plan(kind, &wanted(kind, &self.bot.settings.automatic), &standing));
        }
        let noted = self.doors.runtime.expect_of_tiktok(self.served.id, answers, greets).await;
        noted.map_err(|error| error.to_string())?;
        Ok(plans)
    }

    fn shown(&self, plans: &[Plan]) -> Value {
        let steps: Vec<Value> = plans.iter().flat_map(|plan| &plan.steps).map(Step::view).collect();
        let all = |of: fn(&Plan) -> &Vec<String>| plans.iter().flat_map(of).cloned().collect::<Vec<_>>();
        json!({
            "app": self.served.app,
            "account": self.served.open_id,
            "plan": digest(plans),
            "steps": steps,
            "kept": plans.iter().map(|plan| plan.kept).sum::<usize>(),
            "later": all(|plan| &plan.later),
            "notes": all(|plan| &plan.notes),
        })
    }

    fn names(&self) -> (&str, &str) {
        (&self.served.app, &self.served.open_id)
    }

    async fn permit(&self) -> Result<crate::runtime::port::Permit, CallFailure> {
        let text = "the server stops, or another one on the same store speaks to TikTok for this app: ask that one".to_owned();
        let away = || CallFailure { outcome: Outcome::NotSent(NotSent::NoConnection { text }) };
        self.doors.runtime.permit(&self.served.app).await.ok_or_else(away)
    }

    async fn standing(&self, kind: AutoKind) -> Result<Standing, CallFailure> {
        let mut pauses = 0..PAUSES_MAX;
        loop {
            match self.sign_in.client.automatic(self.permit().await?, self.names(), kind).await {
                Err(failure) if self.paused(&failure, pauses.next()).await => {}
                answer => return answer,
            }
        }
    }

    /// Other programs of the app call as well: what came too fast was not done, and is asked for again after a pause.
    async fn paused(&self, failure: &CallFailure, left: Option<u32>) -> bool {
        let Outcome::NotSent(NotSent::TooFast { .. }) = failure.outcome else { return false };
        if left.is_some() {
            self.doors.clock.sleep(PAUSE).await;
        }
        left.is_some()
    }

    /// The steps of one kind, to the first that fails.
    async fn take_steps(&self, steps: &[Step], out: &mut Vec<Value>) {
        let mut failed = false;
        for step in steps {
            let outcome = if failed { "not tried".to_owned() } else { self.step(step).await };
            failed |= outcome != "done";
            let mut view = step.view();
            if let Some(view) = view.as_object_mut() {
                view.insert("outcome".to_owned(), json!(outcome));
            }
            out.push(view);
        }
    }

    async fn step(&self, step: &Step) -> String {
        let mut pauses = 0..PAUSES_MAX;
        let failure = loop {
            match self.call(step).await {
                Ok(()) => return "done".to_owned(),
                Err(failure) if self.paused(&failure, pauses.next()).await => {}
                Err(failure) => break failure,
            }
        };
        // Never made twice: where nobody knows how it ended, TikTok is asked what stands there.
        if matches!(failure.outcome, Outcome::Unknown { .. })
            && let Ok(standing) = self.standing(step.kind).await
        {
            let now = plan(step.kind, &wanted(step.kind, &self.bot.settings.automatic), &standing);
            if !now.steps.iter().any(|open| open.is(step)) {
                return "done".to_owned();
            }
        }
        told(&failure)
    }

    async fn call(&self, step: &Step) -> Result<(), CallFailure> {
        let (client, names) = (&self.sign_in.client, self.names());
        let permit = self.permit().await?;
        match (step.act, &step.content) {
            (Act::Add, Some(content)) => client.add_automatic(permit, names, content).await,
            (Act::Change, Some(content)) => client.change_automatic(permit, names, &step.id, content).await,
            (Act::Remove, _) => client.remove_automatic(permit, names, step.kind, &step.id).await,
            (act, _) => client.switch_automatic(permit, names, step.kind, act == Act::TurnOn).await,
        }
    }
}
