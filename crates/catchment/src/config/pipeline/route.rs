//! What the `route` stages of a pipeline and its outputs must have in common.

use pipeline::Stage;

use super::Output;
use crate::config::problem::{Place, Report};
use crate::config::read::Read;
use crate::config::value::quoted;

/// Reports each output that a stage names and the pipeline does not have, or that two stages name; and a pipeline all of whose
/// outputs are named: a record for which no condition holds, or on which one fails, would go nowhere.
pub(super) fn check(stages: &[Read<Stage>], to: &[Read<Output>], pipeline: &Place, report: &Report) {
    // What is wrong there may be what is missing here.
    if stages.iter().any(Result::is_err) || to.iter().any(Result::is_err) {
        return;
    }
    let outputs: Vec<Option<&str>> = to.iter().flatten().map(|output| output.value.name()).collect();
    let mut routed: Vec<&str> = Vec::new();
    for stage in stages.iter().flatten() {
        let Stage::Route(routes) = &stage.value else { continue };
        for (name, _) in routes {
            if !outputs.contains(&Some(name)) {
                let message = format!("`route`: {} is no output of this pipeline", quoted(name));
                report.add(&stage.place, message, "add it to `to`");
            } else if routed.contains(&name.as_str()) {
                let message = format!("`route`: {} is named by an earlier stage already", quoted(name));
                report.add(&stage.place, message, "join the conditions with `||`");
            }
            routed.push(name);
        }
    }
    let is_routed = |output: &Option<&str>| output.is_some_and(|name| routed.contains(&name));
    if !outputs.is_empty() && outputs.iter().all(is_routed) {
        let message =
            "every output gets only what a `route` stage lets through: other records would go nowhere";
        let hint = "add an output that is in no `route` stage, such as `\"store\"`, or drop records with `{ where = … }`";
        report.add(&pipeline.below("to"), message, hint);
    }
}

#[cfg(test)]
mod tests {
    use pipeline::{Condition, Stage, Vrl, Where};

    use crate::config::testing::{config, problems};

    fn text(to: &str, stages: &str) -> String {
        format!(
            "[[output]]\nname = 'errors'\nkind = 'file'\npath = 'e'\n\
             [[pipeline]]\nname = 'main'\nto = [{to}, 'errors']\nstages = [{stages}]"
        )
    }

    #[test]
    fn conditions() {
        let text = text(
            "'store', 'tail'",
            "{ route = { errors = '.level == \"error\"', tail = { peer = 'gw-*' } } }",
        );
        let vrl = Vrl { text: ".level == \"error\"".to_owned(), environment: false };
        let peer = Where { source: Vec::new(), peer: vec!["gw-*".to_owned()] };
        let routes =
            vec![("errors".to_owned(), Condition::True(vrl)), ("tail".to_owned(), Condition::Origin(peer))];
        assert_eq!(config(&text).pipelines[0].stages, [Stage::Route(routes)]);
    }

    #[test]
    fn mistakes() {
        for (to, stages, expected) in [
            (
                "'store'",
                "{ route = { eror = 'true' } }",
                "a:8: pipeline[1].stages[1]: `route`: `eror` is no output of this pipeline; add it to `to`",
            ),
            (
                "'store'",
                "{ route = { errors = 'true' } }, { route = { errors = 'false' } }",
                "a:8: pipeline[1].stages[2]: `route`: `errors` is named by an earlier stage already; join the conditions with `||`",
            ),
            (
                "'store'",
                "{ route = { errors = 'true', store = 'false' } }",
                "a:5: pipeline[1].to: every output gets only what a `route` stage lets through: other records would go nowhere; \
                 add an output that is in no `route` stage, such as `\"store\"`, or drop records with `{ where = … }`",
            ),
            (
                "'store'",
                "{ route = {} }",
                "a:8: pipeline[1].stages[1]: `route`: there is no output; write outputs with their conditions, such as \
                 `{ errors = '.level == \"error\"', gateways = { source = \"gateways\" } }`",
            ),
        ] {
            assert_eq!(problems(&text(to, stages)), expected, "{stages}");
        }
        let shown = problems(&text("'store'", "{ route = { errors = '.message' } }"));
        assert!(
            shown.starts_with("a:8: pipeline[1].stages[1]: `route`: a condition is to be true or false"),
            "{shown}"
        );
    }
}
