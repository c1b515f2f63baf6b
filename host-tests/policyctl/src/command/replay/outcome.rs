//! What became of a request: when it was logged, or under a configuration.

use super::behind::REFUSALS;
use super::logged::Logged;
use host::Exchange;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The status, as access logs have it; 0 where the client was gone.
    pub(super) code: u16,
    /// The error code; `None` where it is not known whether there was one.
    pub(super) error_code: Option<Option<Arc<str>>>,
    /// The details of a plugin's own reply, in the place of any answer.
    pub(super) refused: Option<&'static str>,
    /// How often an upstream was asked.
    pub(super) attempts: u32,
    /// What the first attempt came to, where others followed: a status, or why there was none.
    pub(super) retried_after: Option<Arc<str>>,
    /// Why it was not tried again although its answer was one for that.
    pub(super) withheld: Option<Arc<str>>,
}

/// Under what name the plugins leave what they decided.
const ERROR_CODE: &str = "policy.error_code";
const RETRY: &str = "policy.retry";

impl Outcome {
    /// What the log says.
    pub(super) fn logged(logged: &Logged) -> Self {
        Self {
            code: logged.code,
            error_code: logged.error_code.clone(),
            refused: logged.refused,
            attempts: logged.attempts,
            retried_after: None,
            withheld: None,
        }
    }

    /// What a finished exchange came to.
    pub(super) fn of(exchange: &Exchange, texts: &mut Texts) -> Self {
        let code = exchange.response_code();
        let attempts = exchange.attempts();
        let asked = attempts.len();
        let details = exchange.details();
        let own = |name: &str| exchange.filter_state(name).all().concat();
        let error_code = match code >= 400 {
            true => texts.some(&own(ERROR_CODE)),
            false => None,
        };
        let retry = match code >= 400 || asked > 1 {
            true => String::from_utf8_lossy(&own(RETRY)).into_owned(),
            false => String::new(),
        };
        let withheld = retry
            .split(',')
            .find_map(|part| part.trim().strip_prefix("suppressed:"));
        let first = attempts.first().filter(|_| asked > 1);
        Self {
            code,
            error_code: Some(error_code),
            refused: REFUSALS.iter().copied().find(|refusal| *refusal == details),
            attempts: u32::try_from(asked).unwrap_or(u32::MAX),
            retried_after: first.map(|first| texts.text(&first.came_to())),
            withheld: withheld.map(|why| texts.text(why)),
        }
    }
}

/// Texts that come again and again.
#[derive(Default)]
pub(super) struct Texts(BTreeSet<Arc<str>>);

impl Texts {
    /// The text, if it is one.
    fn some(&mut self, text: &[u8]) -> Option<Arc<str>> {
        (!text.is_empty()).then(|| self.text(&String::from_utf8_lossy(text)))
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        self.0.insert(new.clone());
        new
    }
}
