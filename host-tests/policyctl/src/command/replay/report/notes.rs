//! What the log cannot tell, as far as it matters for this one: each with how many requests it concerns, and what helps.

use super::Report;

impl Report<'_> {
    /// What the log cannot tell.
    pub(super) fn notes(&self) -> Vec<String> {
        let read = &self.done.read;
        let lacks = &read.lacks;
        let mut notes = Vec::new();
        let mut note = |number: u64, text: String| {
            if number > 0 {
                notes.push(text);
            }
        };
        note(
            read.guessed,
            format!(
                "{} requests were refused by a plugin when they were logged. Their upstream is taken to do what it did last \
                 for another one of the cluster.",
                read.guessed
            ),
        );
        note(
            read.left_out,
            format!(
                "{} requests that a plugin refused are left out: what their upstream would have done is not known.",
                read.left_out
            ),
        );
        note(
            self.retried(),
            "What a second attempt would have come to, and when: each gets the answer of the first one, at once and as late.".to_owned(),
        );
        note(
            lacks.cluster,
            format!(
                "{} lines name no cluster: the route stands for it, or what --cluster says. Log %UPSTREAM_CLUSTER%.",
                lacks.cluster
            ),
        );
        note(
            lacks.duration,
            format!(
                "{} lines have no duration: their answers come at once. Log %DURATION%.",
                lacks.duration
            ),
        );
        note(
            lacks.details,
            format!(
                "{} lines have neither details nor flags: every answer counts as the upstream's. Log \
                 %RESPONSE_CODE_DETAILS%.",
                lacks.details
            ),
        );
        note(
            lacks.authority,
            format!(
                "{} lines have no authority: rules for hosts do not match. Log %REQUEST_HEADER(:AUTHORITY)%.",
                lacks.authority
            ),
        );
        note(
            lacks.attempts,
            format!(
                "{} lines have no attempts: each counts as one. Log %UPSTREAM_REQUEST_ATTEMPT_COUNT%.",
                lacks.attempts
            ),
        );
        notes
    }
}
