//! `GET /metrics`: numbers for Prometheus. Labels are words of fixed sets and the ids of the settings' apps: never a
//! text, a person or a secret.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use super::Doors;
use super::exposition::{Exposition, Family};
use crate::calendar::Moment;
use crate::runtime::{EndpointReport, EventReport, FetchReport, Measures, Report, Took};

pub(super) async fn answer(State(doors): State<Arc<Doors>>) -> impl IntoResponse {
    let mut text = Exposition::default();
    let measures = doors.runtime.measures();
    deliveries(&mut text, &doors, &measures);
    conversations(&mut text, &measures);
    store(&mut text, &measures);
    let mut reports = doors.runtime.reports().await;
    reports.sort_by(|a, b| a.app.cmp(&b.app));
    calls(&mut text, &measures);
    tokens(&mut text, &doors);
    fetches(&mut text, &measures, &doors.runtime.fetching());
    // Where the store cannot be asked, the rest is told all the same.
    if let Ok(report) = doors.runtime.event_report().await {
        events(&mut text, &report, doors.clock.now());
    }
    sending(&mut text, &reports);
    let misses = doors.runtime.will_miss().await;
    let misses =
        misses.iter().map(|(app, count)| (vec![("app", app.as_str())], number(u64::try_from(*count).unwrap_or(u64::MAX))));
    let help = "Conversations whose next reply will miss its window at the present pace.";
    text.family(&gauge("rejoinder_replies_will_miss", help), misses);
    ([(header::CONTENT_TYPE, Exposition::MEDIA_TYPE)], text.finish())
}

fn counter(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: "counter", help }
}

fn gauge(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: "gauge", help }
}

#[expect(clippy::cast_precision_loss, reason = "counts above 2^53 are not reached")]
fn number(count: u64) -> f64 {
    count as f64
}

fn deliveries(text: &mut Exposition, doors: &Doors, measures: &Measures) {
    let counts = [
        ("accepted", &doors.counters.accepted),
        ("refused_signature", &doors.counters.refused_signature),
        ("refused_age", &doors.counters.refused_age),
        ("refused_busy", &doors.counters.refused_busy),
    ];
    let samples = counts.map(|(result, count)| (vec![("result", result)], number(count.load(Ordering::Relaxed))));
    text.family(&counter("rejoinder_deliveries_total", "Webhooks by what they were answered."), samples);
    let counts = &measures.counts;
    let single = |text: &mut Exposition, name, help, count| text.single(name, "counter", help, number(count));
    single(text, "rejoinder_deliveries_duplicate_total", "Webhooks that had been taken before.", counts.duplicates);
    single(text, "rejoinder_deliveries_kept_total", "Webhooks that were kept without effect.", counts.kept);
    text.single("rejoinder_deliveries_waiting", "gauge", "Webhooks that wait for their commit now.", number(counts.waiting));
    text.single(
        "rejoinder_deliveries_oldest_age_seconds",
        "gauge",
        "For how long the oldest of them waits.",
        measures.oldest_waiting.as_secs_f64(),
    );
}

fn conversations(text: &mut Exposition, measures: &Measures) {
    let by_input = measures.by_input.iter().map(|(kind, count)| (vec![("kind", *kind)], number(*count)));
    text.family(&counter("rejoinder_inputs_total", "Committed lines of the history by kind."), by_input);
    let counts = &measures.counts;
    for (name, help, count) in [
        ("rejoinder_sprints_total", "Inputs that conversations were carried over.", counts.sprints),
        ("rejoinder_sprint_faults_total", "Inputs on which the engine itself failed.", counts.faults),
        (
            "rejoinder_sprints_stale_total",
            "Inputs that were taken anew since another process had changed the conversation.",
            counts.stale,
        ),
        (
            "rejoinder_windows_missed_total",
            "Replies that could not leave because the customer's window had closed.",
            measures.windows_missed,
        ),
    ] {
        text.single(name, "counter", help, number(count));
    }
    let ends =
        measures.by_end.iter().map(|(state, reason, count)| (vec![("state", *state), ("reason", *reason)], number(*count)));
    text.family(&counter("rejoinder_replies_ended_total", "Replies by final state and class of its reason."), ends);
}

fn store(text: &mut Exposition, measures: &Measures) {
    let counts = &measures.counts;
    let written = counts.commits.saturating_sub(counts.commits_failed);
    let commits = [("written", written), ("failed", counts.commits_failed)];
    let commits = commits.map(|(result, count)| (vec![("result", result)], number(count)));
    text.family(&counter("rejoinder_commits_total", "Transactions by result."), commits);
    const NAME: &str = "rejoinder_store_duration_seconds";
    text.begin(&Family { name: NAME, kind: "histogram", help: "How long the store took, by what it did." });
    for (operation, took) in [("commit", &measures.commit), ("load", &measures.load), ("lease", &measures.lease)] {
        histogram(text, NAME, &[("operation", operation)], took);
    }
    let leases = [("taken", measures.leases_taken), ("lost", measures.leases_lost)];
    let leases = leases.map(|(change, count)| (vec![("change", change)], number(count)));
    let stopped = [(Vec::new(), number(measures.scripts_stopped))];
    text.family(
        &counter("rejoinder_scripts_stopped_total", "Calls of scripts that ended at a limit or with a mistake."),
        stopped,
    );
    text.family(&counter("rejoinder_lease_changes_total", "Leases of apps that this process took or lost."), leases);
}

fn histogram(text: &mut Exposition, name: &str, labels: &[(&str, &str)], took: &Took) {
    let bucket = format!("{name}_bucket");
    for (bound_us, count) in &took.buckets {
        let bound = (number(*bound_us) / 1e6).to_string();
        text.sample(&bucket, &[labels, &[("le", &bound)]].concat(), number(*count));
    }
    text.sample(&bucket, &[labels, &[("le", "+Inf")]].concat(), number(took.count));
    text.sample(&format!("{name}_sum"), labels, number(took.sum_us) / 1e6);
    text.sample(&format!("{name}_count"), labels, number(took.count));
}

/// Calls of the business's systems. Hosts are those that the bot's own text names.
fn fetches(text: &mut Exposition, measures: &Measures, report: &FetchReport) {
    let ended = measures.fetches.iter().map(|(outcome, count)| (vec![("outcome", *outcome)], number(*count)));
    text.family(&counter("rejoinder_fetches_total", "Calls of the business's systems by how they ended."), ended);
    let help = "Requests that were made for them.";
    text.single("rejoinder_fetch_tries_total", "counter", help, number(measures.fetch_tries));
    const NAME: &str = "rejoinder_fetch_duration_seconds";
    text.begin(&Family { name: NAME, kind: "histogram", help: "How long they took, with all their tries and pauses." });
    histogram(text, NAME, &[], &measures.fetch);
    let count = |count: usize| number(u64::try_from(count).unwrap_or(u64::MAX));
    let help = "Their requests without an answer yet.";
    text.single("rejoinder_fetches_in_flight", "gauge", help, count(report.under_way));
    text.single("rejoinder_fetches_waiting", "gauge", "Calls that wait for a place among them.", count(report.waiting));
    let away = report.kept_away.iter().map(|host| (vec![("host", host.as_str())], 1.0));
    text.family(&gauge("rejoinder_fetch_host_failing", "1 where a host failed so often that it is left in peace."), away);
}

/// Events for other systems, by endpoint of the settings.
fn events(text: &mut Exposition, report: &EventReport, now: Moment) {
    if report.endpoints.is_empty() {
        return;
    }
    let tries = report.endpoints.iter().flat_map(|endpoint| {
        [("delivered", endpoint.delivered), ("failed", endpoint.failed)]
            .map(|(result, many)| (vec![("endpoint", endpoint.name.as_str()), ("result", result)], number(many)))
    });
    text.family(&counter("rejoinder_event_tries_total", "Tries to bring an event, by how they ended."), tries);
    let flag = |raised: bool| if raised { 1.0 } else { 0.0 };
    let stored = |endpoint: &EndpointReport| report.counts.iter().find(|count| count.endpoint == endpoint.name);
    type Read<'a> = &'a dyn Fn(&EndpointReport) -> f64;
    let waiting = |endpoint: &EndpointReport| number(stored(endpoint).map_or(0, |count| count.waiting));
    let dead = |endpoint: &EndpointReport| number(stored(endpoint).map_or(0, |count| count.dead));
    let oldest = |endpoint: &EndpointReport| {
        let oldest = stored(endpoint).and_then(|count| count.oldest);
        oldest.map_or(0.0, |oldest| number(now.since_ms(oldest).max(0).unsigned_abs()) / 1e3)
    };
    let given_up = |endpoint: &EndpointReport| number(endpoint.dead);
    let failing = |endpoint: &EndpointReport| flag(endpoint.failing.is_some());
    let off = |endpoint: &EndpointReport| flag(endpoint.off.is_some());
    let families: [(Family, Read<'_>); 6] = [
        (counter("rejoinder_events_given_up_total", "Events that were given up."), &given_up),
        (gauge("rejoinder_events_waiting", "Events that wait to be taken."), &waiting),
        (gauge("rejoinder_events_dead", "Events that were given up and can be replayed."), &dead),
        (gauge("rejoinder_events_oldest_age_seconds", "For how long the oldest of those that wait does so."), &oldest),
        (gauge("rejoinder_event_endpoint_failing", "1 where an endpoint failed so often that it is left in peace."), &failing),
        (gauge("rejoinder_event_endpoint_off", "1 where an endpoint answered 410 and gets nothing more."), &off),
    ];
    for (family, read) in families {
        let samples = report.endpoints.iter().map(|endpoint| (vec![("endpoint", endpoint.name.as_str())], read(endpoint)));
        text.family(&family, samples);
    }
    let help = "Events that were removed for want of room before they were taken.";
    text.single("rejoinder_events_dropped_total", "counter", help, number(report.dropped));
}

fn sending(text: &mut Exposition, reports: &[Report]) {
    let count = |count: usize| number(u64::try_from(count).unwrap_or(u64::MAX));
    let classes = |report: &'_ Report| [("live", report.live), ("due", report.due)];
    let ready = reports.iter().flat_map(|report| {
        classes(report).map(|(class, waiting)| (vec![("app", report.app.as_str()), ("class", class)], count(waiting.ready)))
    });
    text.family(&gauge("rejoinder_queue_conversations", "Conversations with a reply that is ready to leave, by class."), ready);
    let oldest = reports.iter().flat_map(|report| {
        classes(report)
            .map(|(class, waiting)| (vec![("app", report.app.as_str()), ("class", class)], number(waiting.oldest_ms) / 1e3))
    });
    text.family(&gauge("rejoinder_queue_oldest_age_seconds", "For how long the oldest of these replies waits."), oldest);
    let flag = |raised: bool| if raised { 1.0 } else { 0.0 };
    type Read = fn(&Report) -> Option<f64>;
    let count_in_flight: Read = |report| Some(number(u64::try_from(report.in_flight).unwrap_or(u64::MAX)));
    let parked: Read = |report| Some(number(u64::try_from(report.parked.len()).unwrap_or(u64::MAX)));
    let clock: Read = |report| report.clock_ms.map(|ms| number(ms.unsigned_abs()) * if ms < 0 { -1.0 } else { 1.0 } / 1e3);
    let slow: Read = |report| Some(number(u64::try_from(report.days.iter().filter(|day| day.slow).count()).unwrap_or(u64::MAX)));
    let held: Read =
        |report| Some(number(u64::try_from(report.days.iter().map(|day| day.held).sum::<usize>()).unwrap_or(u64::MAX)));
    let families: [(&'static str, &'static str, Read); 8] = [
        ("rejoinder_calls_in_flight", "Calls to TikTok without an answer yet.", count_in_flight),
        ("rejoinder_pace_calls_per_second", "Calls a second that the pace allows now.", |report| Some(report.pace)),
        ("rejoinder_pace_most_calls_per_second", "Calls a second that the pace allows at most.", |report| Some(report.pace_most)),
        ("rejoinder_pace_pause_seconds", "For how long nothing leaves, as TikTok or the network wants it.", |report| {
            Some(number(report.paused_ms) / 1e3)
        }),
        ("rejoinder_accounts_parked", "Accounts that send nothing until somebody acts.", parked),
        ("rejoinder_accounts_slow", "Accounts of which TikTok takes no more conversations today.", slow),
        ("rejoinder_day_held", "Conversations that wait for another day, as the account has answered what it may.", held),
        ("rejoinder_clock_difference_seconds", "TikTok's clock less ours; missing before any answer.", clock),
    ];
    for (name, help, read) in families {
        let samples = reports.iter().filter_map(|report| Some((vec![("app", report.app.as_str())], read(report)?)));
        text.family(&gauge(name, help), samples);
    }
    let leads = reports.iter().map(|report| (vec![("app", report.app.as_str())], flag(report.leads)));
    text.family(&gauge("rejoinder_leads", "1 where this process sends for the app."), leads);
    let stops = reports.iter().map(|report| (vec![("app", report.app.as_str())], flag(report.clock_stops)));
    text.family(&gauge("rejoinder_clock_stops_sending", "1 while the clocks differ too much to send."), stops);
}

/// How long accounts can still be renewed: the one of each app that ends first.
fn tokens(text: &mut Exposition, doors: &Doors) {
    let mut first = std::collections::BTreeMap::new();
    for (app, _, left_ms) in super::sign_in::left(doors, doors.clock.now()) {
        let least = first.entry(app).or_insert(left_ms);
        *least = left_ms.min(*least);
    }
    let left = first.iter().map(|(app, left_ms)| (vec![("app", app.as_str())], number(left_ms.max(&0).unsigned_abs()) / 1e3));
    let help = "Until the first account of an app must sign in again; missing where TikTok has not said.";
    text.family(&gauge("rejoinder_sign_in_left_seconds", help), left);
}

/// Calls by what was called and how it ended.
fn calls(text: &mut Exposition, measures: &Measures) {
    let calls =
        measures.by_call.iter().map(|(call, outcome, count)| (vec![("call", *call), ("outcome", *outcome)], number(*count)));
    text.family(&counter("rejoinder_calls_total", "Calls to TikTok by what was called and how it ended."), calls);
    text.single("rejoinder_permits_total", "counter", "Permits to call that the pace gave.", number(measures.counts.calls));
}
