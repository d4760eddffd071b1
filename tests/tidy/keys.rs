//! Keys of the configuration that nobody asks for: each field of a settings value is read by somebody outside of the
//! room that loads it. Never judges what is done with it.

use super::lexer::Token;
use super::source::{Fault, Source};

/// Fields of the configuration's values that no other room reads as `value.field`.
#[must_use]
pub fn without_effect(sources: &[Source]) -> Vec<Fault> {
    let readers: Vec<&Source> = sources.iter().filter(|source| knows_the_configuration(source)).collect();
    let mut faults = Vec::new();
    for source in sources.iter().filter(|source| DECLARED.contains(&source.path.as_str())) {
        for Field { of, name, line } in fields(source) {
            let called = names_of(&of);
            let name_or_method = BY_METHOD.iter().find(|(field, _)| *field == format!("{of}.{name}"));
            let read = name_or_method.map_or(name.as_str(), |(_, method)| method);
            if !readers.iter().any(|reader| reads(reader, &called, read)) {
                faults
                    .push(source.fault(line, format!("{of}.{name} is loaded, and nobody outside of config reads it")));
            }
        }
    }
    faults
}

/// A public field and the struct that has it.
struct Field {
    of: String,
    name: String,
    line: usize,
}

fn fields(source: &Source) -> Vec<Field> {
    let mut found = Vec::new();
    let mut of = None;
    for (at, token) in source.tokens.iter().enumerate().filter(|(at, _)| !source.is_test(*at)) {
        let next = |step: usize| source.tokens.get(at + step);
        if token.is("struct") {
            of = next(1).map(|name| name.text.clone());
        } else if token.is("impl") || token.is("enum") {
            of = None;
        } else if token.is("pub")
            && let (Some(of), Some(name)) = (&of, next(1))
            && next(2).is_some_and(|colon| colon.is(":"))
        {
            found.push(Field { of: of.clone(), name: name.text.clone(), line: name.line });
        }
    }
    found
}

/// What a variable or field that holds the value is called: `HttpFetch` is `http_fetch`, and in places shorter.
fn names_of(of: &str) -> Vec<String> {
    let mut snake = String::new();
    for letter in of.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    let shorter = SHORTER.iter().filter(|(long, _)| *long == of).map(|(_, short)| (*short).to_owned());
    std::iter::once(snake).chain(shorter).collect()
}

/// Does the file read `name.field`, outside of tests?
fn reads(source: &Source, names: &[String], field: &str) -> bool {
    let is_read = |(at, three): (usize, &[Token])| {
        let [value, dot, read] = three else { return false };
        !source.is_test(at) && names.contains(&value.text) && dot.is(".") && read.is(field)
    };
    source.tokens.windows(3).enumerate().any(is_read)
}

fn knows_the_configuration(source: &Source) -> bool {
    let imports = |pair: &[Token]| pair.iter().map(|token| token.text.as_str()).eq(["config", "::"]);
    source.path.starts_with("src/") && source.room() != Some("config") && source.tokens.windows(2).any(imports)
}

/// Where the values of the configuration are declared.
const DECLARED: [&str; 2] = ["src/config/settings.rs", "src/config/agent.rs"];

/// Fields that others read by a method, which gives them with another or with what stands for them.
const BY_METHOD: [(&str, &str); 2] = [("Media.advertised", "told"), ("Media.port_last", "port_pairs")];

/// Shorter names that readers give to them.
const SHORTER: [(&str, &str); 3] = [("FeatureCodes", "codes"), ("HttpFetch", "limits"), ("Dial", "rule")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_nobody_reads_is_found() {
        let declared = "pub struct HttpFetch { pub hosts: Vec<String>, pub bytes_max: usize, own: u8 }\n\
            impl HttpFetch { pub fn told(&self) -> usize { self.bytes_max } }\n";
        let count = |reader: &str, path: &str| {
            let sources = [Source::new("src/config/settings.rs", declared), Source::new(path, reader)];
            without_effect(&sources).len()
        };
        let reader = "use crate::config::HttpFetch; fn f(limits: &HttpFetch) { g(limits.hosts, http_fetch.bytes_max) }";
        assert_eq!(count(reader, "src/server/errands.rs"), 0);
        assert_eq!(count(reader, "src/config/check.rs"), 2, "the room itself is no reader");
        assert_eq!(count(reader, "tests/stories/main.rs"), 2, "a test is no reader");
        assert_eq!(count(&reader.replace("limits.hosts", "queue.hosts"), "src/server/errands.rs"), 1);
        assert_eq!(count(&reader.replace("crate::config::", "crate::ivr::"), "src/server/errands.rs"), 2);
        let tested = format!("use crate::config::HttpFetch; #[cfg(test)] mod tests {{ {reader} }}");
        assert_eq!(count(&tested, "src/server/errands.rs"), 2);
    }
}
