//! With `-v`, each call as it ends. Calls end at any moment, so its lines stand aside while a picture is drawn.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use bbws_model::net;
use serde_json::json;

use crate::cloud::{Heard, Hearing};

/// A writer that several may write to, a whole text at a time.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Box<dyn Write + Send>>>);

impl Shared {
    pub(crate) fn new(to: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Box::new(to))))
    }

    /// Writes what no known secret is in. A reader that has gone away is no reason to stop what is being done.
    pub(crate) fn tell(&self, text: &str) {
        let text = net::catch(text);
        let mut to = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
    }
}

/// Where each call is told.
#[derive(Clone)]
pub(crate) struct CallLines {
    err: Shared,
    json: bool,
    aside: Arc<Mutex<Option<Vec<String>>>>,
}

impl CallLines {
    pub(crate) fn new(err: Shared, json: bool) -> Self {
        Self { err, json, aside: Arc::default() }
    }

    /// Tells one call.
    pub(crate) fn tell(&self, heard: &Heard) {
        let line = if self.json { document(heard) } else { line(heard) };
        match &mut *self.aside.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(waiting) => waiting.push(line),
            None => self.err.tell(&format!("{line}\n")),
        }
    }

    /// Whoever is to be told of calls, tells them here.
    pub(crate) fn hearing(self) -> Hearing {
        Arc::new(move |heard| self.tell(heard))
    }

    /// From now on lines wait to be taken.
    pub(crate) fn stand_aside(&self) {
        self.aside.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
    }

    /// The lines that have waited.
    pub(crate) fn take(&self) -> Vec<String> {
        self.aside.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Lines wait no longer.
    pub(crate) fn go_on(&self) {
        let waited = self.aside.lock().unwrap_or_else(PoisonError::into_inner).take();
        waited.into_iter().flatten().for_each(|line| self.err.tell(&format!("{line}\n")));
    }
}

/// How it ended, in a word.
fn outcome(status: Option<u16>) -> &'static str {
    match status {
        Some(200..=299) => "ok",
        Some(429 | 503) => "busy",
        Some(500..) => "AWS failed",
        Some(_) => "refused",
        None => "no answer",
    }
}

fn line(heard: &Heard) -> String {
    let Heard { operation, region, took, status, code } = heard;
    let why = code.clone().or_else(|| status.map(|status| status.to_string())).map(|why| format!(" {why}")).unwrap_or_default();
    format!("   {:>7}  {operation}  {region}  {}{why}", format!("{}ms", took.as_millis()), outcome(*status))
}

fn document(heard: &Heard) -> String {
    let Heard { operation, region, took, status, code } = heard;
    let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    json!({"format": 1, "event": "call", "operation": operation, "region": region, "took_ms": took, "status": status, "code": code, "outcome": outcome(*status)})
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn heard(status: Option<u16>) -> Heard {
        Heard { operation: "ec2:CreateVpc".into(), region: "af-south-1".into(), took: Duration::from_millis(1234), status, code: None }
    }

    #[test]
    fn each_call_is_told_with_its_time_and_waits_while_a_picture_is_drawn() {
        let written = Written::default();
        let text = || String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let lines = CallLines::new(Shared::new(written.clone()), false);
        lines.tell(&heard(Some(200)));
        assert_eq!(text(), "    1234ms  ec2:CreateVpc  af-south-1  ok 200\n");
        lines.stand_aside();
        lines.tell(&Heard { code: Some("UnauthorizedOperation".into()), ..heard(Some(403)) });
        lines.tell(&heard(None));
        assert_eq!(
            lines.take(),
            ["    1234ms  ec2:CreateVpc  af-south-1  refused UnauthorizedOperation", "    1234ms  ec2:CreateVpc  af-south-1  no answer"]
        );
        lines.tell(&heard(Some(503)));
        assert_eq!(text().lines().count(), 1);
        lines.go_on();
        assert!(text().ends_with("busy 503\n") && lines.take().is_empty(), "{}", text());
    }

    #[test]
    fn a_program_reads_it_as_json() {
        let document: serde_json::Value = serde_json::from_str(&document(&heard(None))).unwrap();
        assert_eq!(
            (&document["event"], &document["took_ms"], &document["status"]),
            (&"call".into(), &1234.into(), &serde_json::Value::Null)
        );
    }
}
