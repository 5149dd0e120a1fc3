use proptest::prelude::*;
use record::{Batch, Line, LineFlags, Micros, Position, Value};

use super::{Redact, Redactor};

fn all() -> Redact {
    Redact { cards: true, emails: true, tokens: true, patterns: Vec::new() }
}

fn line(text: &[u8]) -> Batch {
    let mut batch = Batch::new();
    let (position, received, flags) = (Position(1), Micros(1), LineFlags::default());
    batch.push(&Line { position, received, source: "s", peer: "p", bytes: text, flags });
    batch
}

fn redacted(told: &Redact, text: &str) -> String {
    let mut batch = line(text.as_bytes());
    Redactor::new(told).unwrap().apply(&mut batch);
    batch.get(0).message().to_owned()
}

#[test]
fn cards_with_a_right_check_digit_go() {
    for (text, now) in [
        ("paid with 4111111111111111.", "paid with [redacted:card]."),
        ("card=4111-1111-1111-1111 ok", "card=[redacted:card] ok"),
        ("5500 0000 0000 0004 and 340000000000009", "[redacted:card] and [redacted:card]"),
        ("port 443 4111111111111111 2026", "port 443 [redacted:card] 2026"),
    ] {
        assert_eq!(redacted(&all(), text), now);
    }
    for text in [
        "4111111111111112",
        "1795342272123456",
        "x4111111111111111",
        "41111111111111110000000000",
        "id 12 34 56",
        "4111 1111",
    ] {
        assert_eq!(redacted(&all(), text), text);
    }
}

#[test]
fn addresses_and_tokens_go() {
    for (text, now) in [
        ("from=<ann.b+c@mail.example.com>, ok", "from=<[redacted:email]>, ok"),
        ("a@b is none, a@b.de is", "a@b is none, [redacted:email] is"),
        ("Authorization: Bearer abc.DEF-123_x", "Authorization: Bearer [redacted:token]"),
        ("url?api_key=s3cr3t&x=1", "url?api_key=[redacted:token]&x=1"),
        (r#"{"password": "a b c", "user":"x"}"#, r#"{"password": "[redacted:token]", "user":"x"}"#),
        ("key sk_live_abcdefghijklmnop used", "key [redacted:token] used"),
        ("jwt eyJhbGciOiJI.eyJzdWIi.c2ln end", "jwt [redacted:token] end"),
        ("the token of the ring", "the token of the ring"),
    ] {
        assert_eq!(redacted(&all(), text), now);
    }
}

#[test]
fn fields_and_the_bytes_as_sent_go_too() {
    let mut batch = line(b"mail a@example.com \xff");
    batch.set_field(0, "to", Value::Str("b@example.com"));
    batch.set_field(0, "card", Value::Int(4_111_111_111_111_111));
    batch.set_field(0, "db.Password", Value::Int(1234));
    batch.set_field(0, "n", Value::Int(7));
    let mut redactor = Redactor::new(&all()).unwrap();
    redactor.apply(&mut batch);
    let record = batch.get(0);
    assert_eq!((record.message(), record.raw()), ("mail [redacted:email] \u{fffd}", None));
    let fields: Vec<_> = record.fields().collect();
    assert_eq!(
        fields,
        [
            ("to", Value::Str("[redacted:email]")),
            ("card", Value::Str("[redacted:card]")),
            ("db.Password", Value::Str("[redacted:token]")),
            ("n", Value::Int(7)),
        ]
    );
    assert_eq!(redactor.changed(), 1);
    redactor.apply(&mut batch);
    assert_eq!(redactor.changed(), 1, "what was redacted is left alone");
}

#[test]
fn own_patterns_and_only_what_is_asked_for() {
    let own = |pattern: &str| Redact {
        patterns: vec![("iban".to_owned(), pattern.to_owned())],
        ..Redact::default()
    };
    assert_eq!(
        redacted(&own("DE[0-9]{20}"), "to DE12345678901234567890 a@b.de"),
        "to [redacted:iban] a@b.de"
    );
    assert!(Redactor::new(&own("(")).unwrap_err().to_string().contains("`iban`"));
    assert!(Redactor::new(&own("x*")).is_err());
}

fn check_digit(digits: &str) -> u32 {
    let sum: u32 = digits
        .chars()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let digit = digit.to_digit(10).unwrap() * if index % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    (10 - sum % 10) % 10
}

proptest! {
    #[test]
    fn any_card_goes_and_all_around_it_stays(
        before in "[a-z ,.:]{0,20}[ :]", digits in "4[0-9]{14}", group in 0..5_usize, behind in "[ ,.][a-z ,.:]{0,20}",
    ) {
        let number = format!("{digits}{}", check_digit(&digits));
        let number = match group {
            0 => number,
            size => number.as_bytes().chunks(size).map(|part| std::str::from_utf8(part).unwrap()).collect::<Vec<_>>().join("-"),
        };
        let told = Redact { cards: true, ..Redact::default() };
        prop_assert_eq!(redacted(&told, &format!("{before}{number}{behind}")), format!("{before}[redacted:card]{behind}"));
    }

    #[test]
    fn a_wrong_check_digit_stays(digits in "4[0-9]{14}", wrong in 1..10_u32) {
        let number = format!("{digits}{}", (check_digit(&digits) + wrong) % 10);
        let told = Redact { cards: true, ..Redact::default() };
        prop_assert_eq!(redacted(&told, &number), number);
    }

    #[test]
    fn nothing_is_found_twice(text in "[a-z0-9@.:=\" -]{0,60}|\\PC{0,40}") {
        let once = redacted(&all(), &text);
        prop_assert_eq!(redacted(&all(), &once), once);
    }
}
