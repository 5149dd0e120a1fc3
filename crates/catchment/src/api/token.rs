use std::io::Write as _;

use web::Token;

use crate::exit::{Exit, complain};

/// `catchment token new`.
pub(crate) fn token() -> Exit {
    let token = match Token::random() {
        Ok(token) => token,
        Err(error) => {
            complain(format_args!("cannot make a token: {error}"));
            return Exit::Failed;
        }
    };
    match writeln!(std::io::stdout(), "{}", token.reveal()) {
        Ok(()) => Exit::Done,
        Err(_) => Exit::Failed,
    }
}
