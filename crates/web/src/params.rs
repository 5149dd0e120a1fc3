//! The parameters of a request: each is known, is there once, and is as it should be.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use search::Query as Search;

use crate::problem::Problem;
use crate::time;

/// What stands behind the `?`. Whoever has taken what it knows calls [`Params::end`].
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map(|Query(pairs)| Self(pairs))
            .map_err(|error| Problem::bad_request(error.to_string()))
    }
}

impl Params {
    /// A parameter, if it is there and not empty.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        let mut found = self.0.extract_if(.., |(key, _)| key == name);
        let value = found.next();
        if found.next().is_some() {
            return Err(Problem::parameter(name, format!("`{name}` is there twice")));
        }
        Ok(value.map(|(_, value)| value).filter(|value| !value.is_empty()))
    }

    /// A whole number in a range.
    pub(crate) fn number(
        &mut self,
        name: &'static str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        let wrong = || {
            let (from, to) = range.clone().into_inner();
            Problem::parameter(name, format!("`{name}` is a whole number from {from} to {to}"))
        };
        number.map(Some).ok_or_else(wrong)
    }

    /// A number of things that fits in memory.
    pub(crate) fn count(
        &mut self,
        name: &'static str,
        range: std::ops::RangeInclusive<u64>,
        default: usize,
    ) -> Result<usize, Problem> {
        Ok(self.number(name, range)?.map_or(default, |number| usize::try_from(number).unwrap_or(usize::MAX)))
    }

    /// One of a few words; the first when it is not there.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&str, T)],
        default: T,
    ) -> Result<T, Problem> {
        let Some(text) = self.text(name)? else { return Ok(default) };
        let known = choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice);
        known.ok_or_else(|| {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            Problem::parameter(name, format!("`{name}` is one of {}", words.join(", ")))
        })
    }

    /// A time, in microseconds since 1970.
    pub(crate) fn time(&mut self, name: &'static str) -> Result<Option<i64>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let wrong = || Problem::parameter(name, format!("`{name}` is a time like `2026-11-22T14:00:00Z`"));
        time::parse(&text).map(Some).ok_or_else(wrong)
    }

    /// `q`: a search.
    pub(crate) fn query(&mut self) -> Result<Search, Problem> {
        Search::parse(&self.text("q")?.unwrap_or_default()).map_err(|error| Problem::syntax(&error))
    }

    /// `q`, `from` and `to`.
    pub(crate) fn search(&mut self) -> Result<query::Search, Problem> {
        let (since, until) = (self.time("from")?, self.time("to")?);
        if since.zip(until).is_some_and(|(since, until)| since > until) {
            return Err(Problem::parameter("to", "`to` is before `from`"));
        }
        Ok(query::Search { since, until, ..query::Search::new(self.query()?) })
    }

    /// There must be nothing left.
    pub(crate) fn end(self) -> Result<(), Problem> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => {
                let name: String = name.chars().take(60).collect();
                Err(Problem::bad_request(format!("there is no parameter `{name}` here")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Params;

    fn params(pairs: &[(&str, &str)]) -> Params {
        Params(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn what_is_wrong_is_said() {
        let detail = |problem| {
            serde_json::to_value::<crate::problem::Problem>(problem).expect("JSON")["detail"].clone()
        };
        assert_eq!(
            detail(params(&[("n", "11")]).number("n", 1..=10).unwrap_err()),
            "`n` is a whole number from 1 to 10"
        );
        assert_eq!(detail(params(&[("n", "1"), ("n", "2")]).text("n").unwrap_err()), "`n` is there twice");
        assert_eq!(detail(params(&[("x", "")]).end().unwrap_err()), "there is no parameter `x` here");
        assert_eq!(
            detail(params(&[("from", "yesterday")]).search().unwrap_err()),
            "`from` is a time like `2026-11-22T14:00:00Z`"
        );
        assert_eq!(
            detail(params(&[("f", "xml")]).choice("f", &[("json", 1), ("csv", 2)], 1).unwrap_err()),
            "`f` is one of json, csv"
        );
        assert_eq!(params(&[("n", "")]).number("n", 1..=10).unwrap(), None);
    }
}
