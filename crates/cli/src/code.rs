//! The code of a second factor, asked of the person at the terminal.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Somebody was asked already: later a run is on its way, and draws where the question would stand.
static ASKED: AtomicBool = AtomicBool::new(false);

/// Asks for the code of a device, once in a process.
///
/// # Errors
/// When there is nobody to ask, and what to do then.
pub fn ask_code(profile: &str, serial: &str) -> Result<String, String> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(format!(
            "the profile {profile} wants a code of {serial}, and there is nobody to ask: run bbws in a terminal, or sign in before and hand the session over in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"
        ));
    }
    if ASKED.swap(true, Ordering::SeqCst) {
        return Err(format!("the session of the profile {profile} has ended, and a code is asked for only once a run: run bbws again"));
    }
    read(&mut io::stdin().lock(), &mut io::stderr().lock(), profile, serial)
}

fn read(answers: &mut dyn BufRead, screen: &mut dyn Write, profile: &str, serial: &str) -> Result<String, String> {
    let failed = |error: io::Error| format!("the code cannot be read: {error}");
    write!(screen, "Code of {serial} for the profile {profile}: ").and_then(|()| screen.flush()).map_err(failed)?;
    let mut line = String::new();
    answers.read_line(&mut line).map_err(failed)?;
    let code = line.trim();
    if code.len() == 6 && code.chars().all(|c| c.is_ascii_digit()) {
        Ok(code.to_owned())
    } else {
        Err("a code is six digits; run bbws again".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_are_a_code() {
        let code = |line: &str| read(&mut line.as_bytes(), &mut io::sink(), "dev", "arn:aws:iam::1:mfa/jo");
        assert_eq!(code("123456\n").as_deref(), Ok("123456"));
        for wrong in ["", "12345\n", "abcdef\n", "1234567"] {
            assert!(code(wrong).is_err(), "{wrong}");
        }
    }
}
