//! Rust text to words, signs and strings with their lines; comments fall away, so that a ban named in one is no breach.
//! Never understands the language beyond that. The Rust Reference, "Lexical structure".

/// One token and the line it begins on, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub text: String,
    pub line: usize,
    /// The line it ends on; later than `line` only for strings.
    pub last_line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or a keyword, without `r#`.
    Word,
    /// A string literal of any sort; `text` is what stands between its quotes.
    Text,
    Number,
    Character,
    Lifetime,
    /// One character of punctuation, or `::`.
    Sign,
}

impl Token {
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Sign) && self.text == text
    }

    #[must_use]
    pub fn is_word(&self) -> bool {
        self.kind == Kind::Word
    }
}

/// All tokens of a file in order.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { rest: text.chars().collect(), at: 0, line: 1, tokens: Vec::new() };
    while let Some(character) = lexer.peek(0) {
        lexer.next(character);
    }
    lexer.tokens
}

struct Lexer {
    rest: Vec<char>,
    at: usize,
    line: usize,
    tokens: Vec<Token>,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.get(self.at + ahead).copied()
    }

    fn bump(&mut self) -> Option<char> {
        let character = self.peek(0)?;
        self.at += 1;
        self.line += usize::from(character == '\n');
        Some(character)
    }

    fn bump_many(&mut self, many: usize) {
        for _ in 0..many {
            self.bump();
        }
    }

    fn push(&mut self, kind: Kind, text: String, line: usize) {
        self.tokens.push(Token { kind, text, line, last_line: self.line });
    }

    fn next(&mut self, character: char) {
        match (character, self.peek(1)) {
            ('/', Some('/')) => while self.peek(0).is_some_and(|next| next != '\n') && self.bump().is_some() {},
            ('/', Some('*')) => self.block_comment(),
            ('"', _) => self.quoted(),
            ('\'', _) => self.quote_or_lifetime(),
            (':', Some(':')) => {
                let line = self.line;
                self.bump_many(2);
                self.push(Kind::Sign, "::".to_owned(), line);
            }
            _ if character.is_whitespace() => self.bump_many(1),
            _ if character.is_ascii_digit() => self.number(),
            _ if is_word(character) => self.word(),
            _ => {
                let line = self.line;
                self.bump();
                self.push(Kind::Sign, character.to_string(), line);
            }
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => {
                    depth += 1;
                    self.bump_many(2);
                }
                (Some('*'), Some('/')) => {
                    depth -= 1;
                    self.bump_many(2);
                    if depth == 0 {
                        return;
                    }
                }
                (Some(_), _) => self.bump_many(1),
                (None, _) => return,
            }
        }
    }

    fn quoted(&mut self) {
        let line = self.line;
        self.bump();
        let mut text = String::new();
        while let Some(character) = self.bump() {
            match character {
                '"' => break,
                '\\' => text.extend(['\\'].into_iter().chain(self.bump())),
                _ => text.push(character),
            }
        }
        self.push(Kind::Text, text, line);
    }

    /// At the first `#` or at the quote of a raw string.
    fn raw(&mut self) {
        let line = self.line;
        let mut hashes = 0;
        while self.peek(0) == Some('#') {
            self.bump();
            hashes += 1;
        }
        self.bump();
        let mut text = String::new();
        while let Some(character) = self.peek(0) {
            if character == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                self.bump_many(1 + hashes);
                break;
            }
            text.push(character);
            self.bump();
        }
        self.push(Kind::Text, text, line);
    }

    /// `'a'` and `'\n'` are characters, `'a` without a closing quote is a lifetime.
    fn quote_or_lifetime(&mut self) {
        let line = self.line;
        let escaped = self.peek(1) == Some('\\');
        let character = escaped || self.peek(2) == Some('\'');
        self.bump();
        let mut text = String::new();
        if character {
            text.extend(self.bump());
            if escaped {
                text.extend(self.bump());
            }
            while let Some(next) = self.bump().filter(|next| *next != '\'') {
                text.push(next);
            }
            self.push(Kind::Character, text, line);
        } else {
            while let Some(next) = self.peek(0).filter(|next| is_word(*next)) {
                text.push(next);
                self.bump();
            }
            self.push(Kind::Lifetime, text, line);
        }
    }

    fn number(&mut self) {
        let line = self.line;
        let mut text = String::new();
        while let Some(next) = self.peek(0) {
            let fraction = next == '.' && self.peek(1).is_some_and(|after| after.is_ascii_digit());
            if !fraction && !is_word(next) {
                break;
            }
            text.push(next);
            self.bump();
        }
        self.push(Kind::Number, text, line);
    }

    fn word(&mut self) {
        let line = self.line;
        let mut text = String::new();
        while let Some(next) = self.peek(0).filter(|next| is_word(*next)) {
            text.push(next);
            self.bump();
        }
        match (text.as_str(), self.peek(0), self.peek(1)) {
            ("r" | "br" | "cr", Some('"'), _) | ("r" | "br" | "cr", Some('#'), Some('#' | '"')) => self.raw(),
            ("b" | "c", Some('"'), _) => self.quoted(),
            ("b", Some('\''), _) => self.quote_or_lifetime(),
            ("r", Some('#'), Some(_)) => {
                self.bump();
                self.word();
            }
            _ => self.push(Kind::Word, text, line),
        }
    }
}

fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text).into_iter().filter(Token::is_word).map(|token| token.text).collect()
    }

    fn strings(text: &str) -> Vec<String> {
        tokens(text).into_iter().filter(|token| token.kind == Kind::Text).map(|token| token.text).collect()
    }

    #[test]
    fn comments_hold_no_words() {
        assert_eq!(words("a // b\n/// c\n//! d\n/* e /* f */ g */ h"), ["a", "h"]);
    }

    #[test]
    fn strings_hold_no_words() {
        assert_eq!(words(r##"a "b \" c" r"d\" r#"e " f"# b"g" br"h" c"i" j"##), ["a", "j"]);
        assert_eq!(strings(r##""b \" c" r"d\" r#"e " f"#"##), ["b \\\" c", "d\\", "e \" f"]);
    }

    #[test]
    fn lifetimes_are_not_characters() {
        let kinds: Vec<Kind> = tokens(r"'a 'b' '\'' '\u{7f}' b'c' 'static").iter().map(|token| token.kind).collect();
        use Kind::{Character, Lifetime};
        assert_eq!(kinds, [Lifetime, Character, Character, Character, Character, Lifetime]);
    }

    #[test]
    fn raw_names_are_names() {
        assert_eq!(words("r#type r#fn"), ["type", "fn"]);
    }

    #[test]
    fn ranges_are_not_fractions() {
        let texts: Vec<String> = tokens("0..10 1.5 2.max(3)").into_iter().map(|token| token.text).collect();
        assert_eq!(texts, ["0", ".", ".", "10", "1.5", "2", ".", "max", "(", "3", ")"]);
    }

    #[test]
    fn lines_are_counted_through_comments_and_strings() {
        let lines: Vec<(usize, usize)> =
            tokens("a /*\n\n*/ \"\n\" b\nc").into_iter().map(|token| (token.line, token.last_line)).collect();
        assert_eq!(lines, [(1, 1), (3, 4), (4, 4), (5, 5)]);
    }
}
