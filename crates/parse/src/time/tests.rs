use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::{Clock, from_text, from_value, read};
use crate::tests::RECEIVED;
use crate::value::Parsed;

/// 2026-11-22T10:11:12Z.
const MOMENT: i64 = 1_795_342_272_000_000;

fn clock() -> Clock {
    Clock { received: RECEIVED as i64, zone: TimeZone::UTC }
}

#[test]
fn every_way_to_write_the_same_moment() {
    for text in [
        "2026-11-22T10:11:12Z",
        "2026-11-22 10:11:12",
        "2026-11-22T11:11:12+01:00",
        "2026-11-22t05:11:12-0500",
        "2026-11-22 10:11:12 UTC",
        "2026-11-22 11:11:12 +01:00",
        "2026-11-22T11:11:12+01",
        "2026/11/22 10:11:12",
        "2026.11.22 10:11:12",
        "2026-11-22-10:11:12",
        "2026:11:22-10:11:12",
        "20261122T101112Z",
        "20261122 10:11:12",
        "22/Nov/2026:11:11:12 +0100",
        "22-Nov-2026 10:11:12",
        "22 Nov 2026 10:11:12",
        "Sun, 22 Nov 2026 10:11:12 GMT",
        "22.11.2026 10:11:12",
        "Nov 22 10:11:12",
        "Nov 22 10:11:12 2026",
        "Nov 22 2026 10:11:12",
        "Sun Nov 22 10:11:12 2026",
        "nov 22, 2026 10:11:12 AM",
        "11-22 10:11:12",
        "1795342272",
        "1795342272000",
    ] {
        assert_eq!(from_text(text, &clock()), Some(MOMENT), "{text}");
    }
    for text in
        ["2026-11-22T10:11:12.5Z", "2026-11-22 10:11:12,500", "Nov 22 10:11:12.5000000009", "1795342272.5"]
    {
        assert_eq!(from_text(text, &clock()), Some(MOMENT + 500_000), "{text}");
    }
    let last = from_text("2026-12-31T23:59:59.999999Z", &clock());
    assert_eq!(from_text("2026-12-31T23:59:60Z", &clock()), last, "a leap second");
}

#[test]
fn what_is_no_time_or_could_be_two() {
    for text in [
        "",
        "2026-11-22",
        "10:11:12",
        "2026-13-22T10:11:12Z",
        "2026-02-30T10:11:12Z",
        "2026-11-22T25:11:12Z",
        "11/10/2026 10:11:12",
        "Now 22 10:11:12",
        "Nov 22 10:11",
        "Nov 31 10:11:12",
        "2026-11-22T10:11:12Zulu",
        "12345",
        "1795342272x",
        "2026-11-22T10:11:12+25:00",
        "\u{fffd}026-11-22T10:11:12Z",
    ] {
        assert_eq!(from_text(text, &clock()), None, "{text}");
    }
    assert_eq!(from_value(Parsed::Bool(true), &clock()), None);
}

#[test]
fn without_a_year_it_is_the_last_one_that_can_be() {
    let read = |text: &str, received: &str| {
        let received = received.parse::<Timestamp>().unwrap().as_microsecond();
        let time = from_text(text, &Clock { received, zone: TimeZone::UTC })?;
        Some(Timestamp::from_microsecond(time).unwrap().to_string())
    };
    for (text, received, time) in [
        ("Dec 31 23:59:59", "2027-01-01T00:00:10Z", "2026-12-31T23:59:59Z"),
        ("Jan  1 00:00:10", "2026-12-31T23:59:59Z", "2027-01-01T00:00:10Z"),
        ("Jan  2 12:00:00", "2026-12-31T11:00:00Z", "2026-01-02T12:00:00Z"),
        ("Feb 29 12:00:00", "2027-03-01T12:00:00Z", "2024-02-29T12:00:00Z"),
        ("Jun  1 12:00:00", "2026-06-01T11:00:00Z", "2026-06-01T12:00:00Z"),
    ] {
        assert_eq!(read(text, received).as_deref(), Some(time), "{text} at {received}");
    }
}

#[test]
fn without_a_zone_it_is_of_the_one_that_is_configured() {
    let berlin = Clock { zone: TimeZone::get("Europe/Berlin").unwrap(), ..clock() };
    assert_eq!(from_text("2026-11-22 11:11:12", &berlin), Some(MOMENT));
    assert_eq!(from_text("Nov 22 11:11:12", &berlin), Some(MOMENT));
    assert_eq!(from_text("2026-11-22 10:11:12 +0000", &berlin), Some(MOMENT));
}

proptest! {
    #[test]
    fn any_time_is_read_back(
        seconds in 1_000_000_000..4_000_000_000_i64, micros in 0..1_000_000_i32, format in 0..6_usize,
    ) {
        let time = Timestamp::new(seconds, micros * 1000).unwrap();
        let format = [
            "%Y-%m-%dT%H:%M:%S%.6fZ",
            "%Y/%m/%d %H:%M:%S,%6f",
            "%d/%b/%Y:%H:%M:%S%.6f +0000",
            "%a, %d %b %Y %H:%M:%S%.6f GMT",
            "%a %b %e %H:%M:%S%.6f %Y",
            "%s%.6f",
        ][format];
        let text = time.strftime(format).to_string();
        prop_assert_eq!(from_text(&text, &clock()), Some(time.as_microsecond()), "{}", text);
    }

    #[test]
    fn a_time_without_a_year_is_near_and_never_ahead(seconds in 1_000_000_000..3_000_000_000_i64, back in 1..363_i64) {
        let received = Timestamp::new(seconds, 0).unwrap();
        let time = received.checked_sub((back * 24).hours()).unwrap();
        let text = time.strftime("%b %e %H:%M:%S").to_string();
        let clock = Clock { received: received.as_microsecond(), zone: TimeZone::UTC };
        prop_assert_eq!(from_text(&text, &clock), Some(time.as_microsecond()), "{}", text);
    }

    #[test]
    fn no_text_is_too_odd(text in "[-0-9TZ:+., /NovMonJaü]{0,40}|(Nov|Mon|2026-11-2|17953422)[-0-9TZ:+., /]{0,30}") {
        if let Some((stamp, len)) = read(text.as_bytes()) {
            prop_assert!(text.is_char_boundary(len));
            stamp.resolve(&clock());
        }
    }
}
