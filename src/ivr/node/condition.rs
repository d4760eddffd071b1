//! `do = "if"`: one way when a value is so, another way otherwise. Takes no time; a value that is not set is not so.

use crate::ivr::flow::{Condition, Link, Target};
use crate::ivr::session::Session;
use crate::ivr::text::is_name;

impl Session {
    pub(in crate::ivr) fn choose_by_value<'f>(
        &mut self,
        when: &Condition,
        then: &'f Link,
        otherwise: &'f Link,
    ) -> &'f Target {
        let value = self.variables.get(&when.variable.text);
        let so = match (&when.equals, value) {
            (_, None) => false,
            (None, Some(value)) => value.holds(),
            (Some(wanted), Some(value)) => value.text() == *wanted,
        };
        if so { &then.target } else { &otherwise.target }
    }
}

/// Reads `name` or `name == "x"` into the name and what it must equal.
pub(in crate::ivr) fn parse(text: &str) -> Option<(&str, Option<&str>)> {
    let (name, equals) = match text.split_once("==") {
        None => (text.trim(), None),
        Some((name, value)) => (name.trim(), Some(value.trim().strip_prefix('"')?.strip_suffix('"')?)),
    };
    is_name(name).then_some((name, equals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_a_name_or_a_comparison() {
        assert_eq!(parse("outage"), Some(("outage", None)));
        assert_eq!(parse(r#" grade == "vip" "#), Some(("grade", Some("vip"))));
        assert_eq!(parse(r#"grade=="""#), Some(("grade", Some(""))));
        for wrong in ["", "a b", "a == b", "a > 3", "a == \"b", "a or b"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
