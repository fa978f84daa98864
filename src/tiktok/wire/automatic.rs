//! `business/message/auto_message/*`: what TikTok says and shows by itself.

use serde::{Deserialize, Serialize};

use super::Loose;

/// The kinds that the interface manages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AutoKind {
    WelcomeMessage,
    SuggestedQuestion,
    ChatPrompt,
}

/// What one of them says, under the key of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoContent {
    WelcomeMessage { content: String },
    SuggestedQuestion { question: String, answer: String },
    ChatPrompt { title: String, content: String },
}

impl AutoContent {
    #[must_use]
    pub fn kind(&self) -> AutoKind {
        match self {
            Self::WelcomeMessage { .. } => AutoKind::WelcomeMessage,
            Self::SuggestedQuestion { .. } => AutoKind::SuggestedQuestion,
            Self::ChatPrompt { .. } => AutoKind::ChatPrompt,
        }
    }
}

/// `create/`, `update/`, `delete/` and `status/update/` differ in which of these they carry.
#[derive(Debug, Serialize)]
pub struct AutoBody<'a> {
    pub business_id: &'a str,
    pub auto_message_type: AutoKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_message_id: Option<&'a str>,
    /// `ENABLE`, `DISABLE`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation_status: Option<&'static str>,
    #[serde(flatten)]
    pub content: Option<&'a AutoContent>,
}

/// `get/`
#[derive(Debug, Default, Deserialize)]
pub struct AutoList {
    pub operation_status: Option<String>,
    pub auto_messages: Option<Vec<AutoRow>>,
}

/// One message. TikTok's own example shows chat prompts under the key of suggested questions.
#[derive(Debug, Deserialize)]
pub struct AutoRow {
    pub auto_message_id: Option<Loose>,
    /// `REVIEWING`, `APPROVED`, `REJECTED`
    pub audit_status: Option<String>,
    pub welcome_message: Option<AutoTexts>,
    pub suggested_question: Option<AutoTexts>,
    pub chat_prompt: Option<AutoTexts>,
}

#[derive(Debug, Deserialize)]
pub struct AutoTexts {
    pub content: Option<String>,
    pub question: Option<String>,
    pub answer: Option<String>,
    pub title: Option<String>,
}

impl AutoRow {
    /// What it says, read as one of this kind.
    #[must_use]
    pub fn content(self, kind: AutoKind) -> Option<AutoContent> {
        Some(match kind {
            AutoKind::WelcomeMessage => AutoContent::WelcomeMessage { content: self.welcome_message?.content? },
            AutoKind::SuggestedQuestion => {
                let texts = self.suggested_question?;
                AutoContent::SuggestedQuestion { question: texts.question?, answer: texts.answer? }
            }
            AutoKind::ChatPrompt => {
                let texts = self.chat_prompt.or(self.suggested_question)?;
                AutoContent::ChatPrompt { title: texts.title?, content: texts.content? }
            }
        })
    }
}
