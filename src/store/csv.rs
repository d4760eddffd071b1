//! Comma-separated values that a spreadsheet opens without running anything. Only formats. RFC 4180.

/// One field of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field<'a> {
    /// Words, perhaps typed by a stranger: always quoted, and made harmless where a spreadsheet would see a formula.
    Text(&'a str),
    /// A count or a time, bare.
    Number(i64),
    /// Nothing known.
    Empty,
}

/// One line, CRLF included.
#[must_use]
pub fn row(fields: &[Field<'_>]) -> String {
    let mut line = String::new();
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        match field {
            Field::Text(text) => push_text(&mut line, text),
            Field::Number(number) => line.push_str(&number.to_string()),
            Field::Empty => {}
        }
    }
    line.push_str("\r\n");
    line
}

fn push_text(line: &mut String, text: &str) {
    line.push('"');
    // A leading apostrophe makes spreadsheets show the text and compute nothing (OWASP, CSV injection).
    if text.trim_start_matches(' ').starts_with(FORMULA_STARTS) {
        line.push('\'');
    }
    for character in text.chars() {
        match character {
            '"' => line.push_str("\"\""),
            '\0' => {}
            other => line.push(other),
        }
    }
    line.push('"');
}

/// What makes a spreadsheet compute: the formula signs, their full-width forms, and what may push one to a new cell.
const FORMULA_STARTS: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_and_numbers_are_bare() {
        let line = row(&[Field::Text("국내우편, \"특급\""), Field::Number(-3), Field::Empty]);
        assert_eq!(line, "\"국내우편, \"\"특급\"\"\",-3,\r\n");
    }

    #[test]
    fn a_caller_called_formula_stays_text() {
        for (attack, kept) in [
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\"\r\n"),
            ("+821012345678", "\"'+821012345678\"\r\n"),
            ("  =1+1", "\"'  =1+1\"\r\n"),
            ("@SUM(A1)", "\"'@SUM(A1)\"\r\n"),
            ("\t=1", "\"'\t=1\"\r\n"),
            ("＝1", "\"'＝1\"\r\n"),
            ("01012345678", "\"01012345678\"\r\n"),
        ] {
            assert_eq!(row(&[Field::Text(attack)]), kept);
        }
    }
}
