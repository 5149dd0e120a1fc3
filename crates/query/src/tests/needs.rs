use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{col, lit};
use part::Needs;

use crate::needs::{is_nothing, of_filters};

fn nanos(at: i64) -> Expr {
    lit(ScalarValue::TimestampNanosecond(Some(at), None))
}

fn micros(at: i64) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(at), Some("UTC".into())))
}

fn needs(filter: Expr) -> Needs {
    of_filters(&[filter])
}

#[test]
fn bounds_of_time_are_never_too_narrow() {
    let time = || col("time");
    for (filter, expected) in [
        (time().gt_eq(micros(5)), Some((5, i64::MAX))),
        (time().gt_eq(nanos(5_000)), Some((5, i64::MAX))),
        (time().gt_eq(nanos(5_001)), Some((6, i64::MAX))),
        (time().lt_eq(nanos(5_999)), Some((i64::MIN, 5))),
        (time().lt(nanos(-1)), Some((i64::MIN, -1))),
        (time().gt(nanos(-1)), Some((0, i64::MAX))),
        (time().eq(micros(7)), Some((7, 7))),
        (time().eq(nanos(7_500)), Some((7, 8))),
        (micros(9).lt(time()), Some((9, i64::MAX))),
        (time().between(micros(1), micros(3)), Some((1, 3))),
        (time().gt(micros(1)).and(time().lt(micros(9))), Some((1, 9))),
        (time().eq(micros(1)).or(time().eq(micros(9))), Some((1, 9))),
        (time().eq(micros(1)).or(col("position").eq(lit(3_u64))), None),
        (time().not_eq(micros(1)), None),
        (!time().eq(micros(1)), None),
        (time().gt_eq(lit(ScalarValue::TimestampSecond(Some(i64::MAX), None))), Some((i64::MAX, i64::MAX))),
    ] {
        assert_eq!(needs(filter.clone()).time, expected, "{filter}");
    }
}

#[test]
fn several_filters_are_needed_together() {
    let all = of_filters(&[
        col("source").in_list(vec![lit("a"), lit("b")], false),
        col("source").in_list(vec![lit("b"), lit("c")], false),
        col("level").eq(lit("error")).or(col("level").eq(lit("fatal"))),
        col("position").gt(lit(4_u64)),
        lit(9_u64).gt_eq(col("position")),
        col("trace").eq(lit("abc")),
    ]);
    assert_eq!(all.sources, Some(vec!["b".to_owned()]));
    assert_eq!(all.levels, Some(vec!["error".to_owned(), "fatal".to_owned()]));
    assert_eq!(all.position, Some((4, 9)));
    assert_eq!(all.equals, [("trace".to_owned(), "abc".to_owned())]);
}

#[test]
fn what_may_be_true_of_other_rows_needs_nothing() {
    for filter in [
        col("source").not_eq(lit("a")),
        col("source").gt(lit("a")),
        col("source").in_list(vec![lit("a")], true),
        col("trace").eq(lit("a")).or(col("trace").eq(lit("b"))),
        col("message").not_like(lit("%needle%")),
        col("message").eq(col("trace")),
        col("source").eq(lit("a")).is_null(),
        col("source").eq(lit("a")).is_not_true(),
        col("status").eq(lit(5_i64)),
        lit(true),
    ] {
        assert!(is_nothing(&needs(filter.clone())), "{filter}: {:?}", needs(filter.clone()));
    }
}

#[test]
fn words_of_the_message_are_needed() {
    let message = |filter: Expr| {
        let needle = needs(filter).message;
        move |text: &str| needle.may_match(&|token| search::tokens(text).any(|other| other == token))
    };
    let like = message(col("message").like(lit("% needle %")));
    assert!(like("a needle here") && !like("hay"));
    let either = message(col("message").like(lit("% needle %")).or(col("message").eq(lit("other words"))));
    assert!(either("a needle here") && either("words other") && !either("hay") && !either("other"));
    let open = message(col("message").like(lit("%needle%")));
    assert!(open("needles"));
    let any_case = message(col("message").ilike(lit("% Needle %")));
    assert!(any_case("the NEEDLE it is") && !any_case("hay"));
}
