//! Conformance: one table of calls and answers, `cases.txt`, asked of the sandbox, of moto and of ministack through the same
//! SDK. What AWS answers by its own documents stands in the table; where one of the three answers otherwise,
//! `differences.txt` says so, and who is right. A difference that is not listed fails, and a listed one that has gone.

#![expect(clippy::print_stdout, reason = "a test tells its figures, and what it installs")]

mod data;
mod network;
mod services;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use bbws_aws::{Aws, Connection, Session, Wire};
use bbws_model::CloudError;
use bbws_sandbox::Sandbox;

const CASES: &str = include_str!("cases.txt");
const DIFFERENCES: &str = include_str!("differences.txt");
const ACCOUNT: &str = "536580886816";
const REGION: &str = "af-south-1";

/// The words of a call, by name.
struct Args(BTreeMap<String, String>);

impl Args {
    fn find(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// One that has to be there; empty for calls that do not look at it.
    fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    fn number(&self, name: &str) -> Option<i32> {
        self.find(name).map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
    }
}

/// What the table may ask of a good answer.
#[derive(Default)]
struct Answer(BTreeMap<&'static str, String>);

impl Answer {
    fn new() -> Self {
        Self::default()
    }

    /// A good answer of which nothing is asked.
    fn of<T>(self, _: T) -> Self {
        self
    }

    fn with(mut self, name: &'static str, value: Option<String>) -> Self {
        self.0.insert(name, value.unwrap_or_else(|| "none".to_owned()));
        self
    }

    fn count(self, found: usize) -> Self {
        self.with("Count", Some(found.to_string()))
    }

    /// Whether there is another page.
    fn more(self, token: Option<&str>) -> Self {
        self.with("More", Some(token.is_some_and(|token| !token.is_empty()).to_string()))
    }
}

/// One line of the table.
struct Case {
    name: &'static str,
    call: &'static str,
    answer: &'static str,
}

fn rows<const N: usize>(of: &'static str) -> Vec<[&'static str; N]> {
    let lines = of.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let row = |line: &'static str| {
        let cells: Vec<&str> = line.split(" | ").map(str::trim).collect();
        <[&str; N]>::try_from(cells).unwrap_or_else(|_| panic!("no {N} cells: {line}"))
    };
    lines.map(row).collect()
}

fn cases() -> Vec<Case> {
    rows(CASES).into_iter().map(|[name, call, answer]| Case { name, call, answer }).collect()
}

async fn call(aws: &Aws, call: &str, args: &Args) -> Result<Answer, CloudError> {
    let (service, name) = call.split_once('.').unwrap_or_else(|| panic!("{call}: SERVICE.OPERATION"));
    // Without retries: what is answered to one request is asked for.
    let here = &aws.write;
    match service {
        "ec2" => network::ec2(here, name, args).await,
        "elb" => network::elb(here, name, args).await,
        "ecs" => services::ecs(here, name, args).await,
        "iam" => services::iam(here, name, args).await,
        "logs" => services::logs(here, name, args).await,
        "rds" => data::rds(here, name, args).await,
        "efs" => data::efs(here, name, args).await,
        "secrets" => services::secrets(here, name, args).await,
        "route53" => services::route53(here, name, args).await,
        "acm" => services::acm(here, name, args).await,
        "cloudfront" => services::cloudfront(here, name, args).await,
        "s3" => data::s3(here, name, args).await,
        "cloudwatch" => services::cloudwatch(here, name, args).await,
        "sns" => services::sns(here, name, args).await,
        "sts" => bbws_aws::whoami(&aws.read).await.map(|it| Answer::new().with("Account", Some(it.account.to_string()))),
        other => panic!("no service {other}"),
    }
}

/// Asks one case, and answers as the table would write it: the code of a refusal, or `ok` with what the table asks of it.
async fn ask(aws: &Aws, case: &Case, known: &mut BTreeMap<String, String>) -> String {
    let mut words = case.call.split_whitespace();
    let operation = words.next().expect("a call");
    if operation == "wait" {
        // AWS's own time. The servers take none.
        let seconds = words.next().and_then(|word| word.parse().ok()).expect("seconds");
        if known.contains_key("simulated") {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
        return "ok".into();
    }
    let mut args = BTreeMap::new();
    for word in words {
        let (name, value) = word.split_once('=').unwrap_or_else(|| panic!("{word}: NAME=VALUE"));
        let value = match value.strip_prefix('$') {
            None => value.to_owned(),
            Some(of) => match known.get(of) {
                Some(value) => value.clone(),
                None => return format!("not asked: there is no ${of}"),
            },
        };
        args.insert(name.to_owned(), value);
    }
    let answer = match call(aws, operation, &Args(args)).await {
        Ok(answer) => answer,
        Err(error) if error.code.is_empty() => return "no code".into(),
        Err(error) => return error.code,
    };
    let mut told = "ok".to_owned();
    for word in case.answer.split_whitespace().skip(1) {
        let (name, value) = word.split_once('=').unwrap_or_else(|| panic!("{word}: FIELD=VALUE"));
        let found = answer.0.get(name).unwrap_or_else(|| panic!("{}: no {name}", case.name));
        match value.strip_prefix('>') {
            Some(_) if found == "none" => told += &format!(" {name}=none"),
            Some(new) => {
                known.insert(new.to_owned(), found.clone());
                told += &format!(" {word}");
            }
            None => {
                let wanted = value.strip_prefix('$').and_then(|of| known.get(of)).map_or(value, String::as_str);
                // An id that nobody can foresee is not told: the list of differences stays the same.
                let random = found != "none" && (value.starts_with('$') || found.len() > 20);
                told += &match (found == wanted, random) {
                    (true, _) => format!(" {word}"),
                    (false, true) => format!(" {name}=another"),
                    (false, false) => format!(" {name}={found}"),
                };
            }
        }
    }
    told
}

/// All answers of one server, by the name of the case.
async fn answers(connection: Arc<dyn Connection>, simulated: bool) -> BTreeMap<&'static str, String> {
    let aws = Aws::new(connection, REGION);
    aws.gate().open();
    let mut known = BTreeMap::new();
    if simulated {
        known.insert("simulated".to_owned(), String::new());
    }
    let mut answers = BTreeMap::new();
    for case in &cases() {
        let told = ask(&aws, case, &mut known).await;
        assert_eq!(answers.insert(case.name, told), None, "two cases are named {}", case.name);
    }
    answers
}

/// The servers. They end when this is dropped, and when the test's process does: their input ends then.
struct Servers(Child, serde_json::Value, #[expect(dead_code, reason = "it takes the logs")] tempfile::TempDir);

impl Servers {
    fn start() -> Self {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers");
        let venv: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("servers");
        let setup = Command::new("sh").arg(scripts.join("setup.sh")).arg(&venv).output().expect("a shell");
        assert!(setup.status.success(), "{}", String::from_utf8_lossy(&setup.stderr));
        println!("{}", String::from_utf8_lossy(&setup.stdout).trim());
        let logs = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(venv.join("bin/python"));
        command.arg(scripts.join("servers.py")).arg(logs.path()).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut line).expect("text");
        let told = serde_json::from_str(&line).unwrap_or_else(|error| panic!("the servers did not start: {error}"));
        Self(process, told, logs)
    }

    /// The way to one of them, past the proxy that mends it for the whole cluster.
    fn connection(&self, server: &str) -> Arc<dyn Connection> {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(self.1[server].as_str().expect("a URL"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(ACCOUNT, "any", None, None, "test")))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()));
        Arc::new(Direct(config.build()))
    }
}

/// The way to a server with credentials that never end.
struct Direct(SdkConfig);

impl Connection for Direct {
    fn wire(&self, region: &str) -> Wire {
        Wire { config: self.0.to_builder().region(Region::new(region.to_owned())).build(), interceptor: None }
    }

    fn renew(&self) {}

    fn session(&self) -> Option<Session> {
        None
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[test]
fn the_sandbox_and_the_servers_answer_as_the_table_says_or_as_it_is_listed() {
    let runtime = |paused| tokio::runtime::Builder::new_current_thread().enable_all().start_paused(paused).build().expect("a runtime");
    let servers = Servers::start();
    let told = [
        ("sandbox", runtime(true).block_on(answers(Arc::new(Sandbox::in_memory(ACCOUNT)), true))),
        ("moto", runtime(false).block_on(answers(servers.connection("moto"), false))),
        ("ministack", runtime(false).block_on(answers(servers.connection("ministack"), false))),
    ];
    let mut listed: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for [server, name, answer, right, why] in rows(DIFFERENCES) {
        assert!(["table", "server", "open"].contains(&right) && !why.is_empty(), "{server} {name}: who is right, and why?");
        assert_eq!(listed.insert((server, name), answer), None, "{server} {name} is listed twice");
    }
    let (mut wrong, cases) = (String::new(), cases());
    for (server, answers) in &told {
        for case in &cases {
            let (answer, expected) = (&answers[case.name], listed.remove(&(server, case.name)));
            let wanted = expected.unwrap_or(case.answer);
            if answer != wanted {
                let stale = if expected.is_some() { " (as listed)" } else { "" };
                wrong += &format!("{server} | {} | {answer}   -- wanted{stale}: {wanted}\n", case.name);
            } else if expected == Some(case.answer) {
                wrong += &format!("{server} | {}: listed, and no difference any more\n", case.name);
            }
        }
        let as_said = cases.iter().filter(|case| answers[case.name] == case.answer).count();
        println!("{server}: {as_said} of {} answers as AWS's documents say", cases.len());
    }
    for (server, name) in listed.keys() {
        wrong += &format!("{server} | {name}: listed, and there is no such case or server\n");
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
