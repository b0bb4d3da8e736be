//! Secrets stand in Secrets Manager, and nowhere in what bbws writes or says.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::stand_in::{self, Weather};
use crate::support::{Place, edited, ran};

const ACCOUNT: &str = "536580886816";
const REGION: &str = "af-south-1";
/// With characters that base64 and URLs write otherwise.
const CANARY: &str = "canary/7f3a+Q&x=%41 ~bird";
const KEY: &str = "canary+key/of=the&caller";
/// The database's password: RDS takes it.
const PASSWORD: &str = "canary+pass=7f3a&x<y>%41~bird";

/// What a run said, and what it was.
struct Said {
    line: String,
    text: Vec<u8>,
}

/// A run with all that it could say, and the traces of the SDK as open as they get.
fn aloud(place: &Place, command: &mut Command) {
    command.env("RUST_LOG", "trace").env("LOG_SENSITIVE_BODIES", "true").env("RUST_BACKTRACE", "full");
    command.env("AWS_ACCESS_KEY_ID", "AKIATEST").env("AWS_SECRET_ACCESS_KEY", KEY);
    let temporary = place.path("tmp");
    fs::create_dir_all(&temporary).expect("a folder");
    command.env("TMPDIR", temporary);
}

fn loud(place: &Place, line: &str, code: i32) -> Said {
    let mut command = place.command(line.split_whitespace());
    aloud(place, command.arg("-v"));
    let ran = ran(command.output().expect("the binary runs")).exits(code);
    Said { line: line.to_owned(), text: format!("{}\n{}", ran.out, ran.err).into_bytes() }
}

/// What each command is called, the verbs of `state` and of the sandbox among them.
fn commands(place: &Place) -> Vec<String> {
    let listed = |line: &str| -> Vec<String> {
        let help = ran(place.command(line.split_whitespace()).arg("--help").output().expect("the binary runs")).exits(0).out;
        let list = help.split("Commands:\n").nth(1).unwrap_or_default().split("\n\n").next().unwrap_or_default();
        let names = list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next().map(str::to_owned));
        names.filter(|name| !name.is_empty() && name != "help").collect()
    };
    let mut all = vec![];
    for name in listed("") {
        let verbs = listed(&name);
        all.extend(verbs.iter().map(|verb| format!("{name} {verb}")));
        if verbs.is_empty() {
            all.push(name);
        }
    }
    all
}

/// A run whose calls of one operation have a weather, to its end. Answers it with its exit code.
fn in_weather(place: &Place, line: &str, weather: (&str, Weather)) -> (Said, i32) {
    let mut command = stand_in::command(place, line, Some(weather), 1);
    aloud(place, &mut command);
    let ran = ran(command.output().expect("the binary runs"));
    let line = format!("{line}, with {weather:?}");
    (Said { line, text: format!("{}\n{}", ran.out, ran.err).into_bytes() }, ran.code)
}

/// Every file that bbws has written; what plays AWS itself is not among them.
fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if !path.ends_with("sandbox/cloud.json") {
            found.push(path);
        }
    }
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32, at: u32| DIGITS[(bits >> (6 * at) & 63) as usize] as char;
    let whole = text.as_bytes().chunks_exact(3).flat_map(|three| {
        let bits = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
        [3, 2, 1, 0].map(|at| digit(bits, at))
    });
    whole.collect()
}

fn in_url(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// A secret as it could be written. In base64 it looks otherwise at each of three places in the text around it.
fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).expect("text");
    let mut all = vec![secret.to_owned(), in_url(secret), in_url(secret).replace("%20", "+"), json.trim_matches('"').to_owned()];
    all.extend((0..3).map(|skip| base64(&secret[skip..])));
    all
}

/// The values of all versions of all secrets.
fn values(cloud: &Value) -> Vec<String> {
    let secrets = cloud["accounts"][ACCOUNT]["regions"][REGION]["secrets"].as_object().expect("secrets");
    let versions = secrets.values().flat_map(|secret| secret["versions"].as_object().expect("versions").values());
    versions.map(|version| version["value"].as_str().expect("a value").to_owned()).collect()
}

#[test]
fn base64_is_right() {
    assert_eq!((base64("Man"), base64("light work").as_str()), ("TWFu".into(), "bGlnaHQgd29y"));
    assert_eq!(in_url("a b/+"), "a%20b%2F%2B");
}

#[test]
fn no_secret_is_written_or_said() {
    let place = Place::new();
    let mut said = vec![];
    let shipped = place.file("dev");
    let plan = place.path("dev.plan").display().to_string();
    let with_secret = edited(&shipped, &[("+", "[resource.secret.origin]\nname = \"origin\"")]);
    place.write("dev", &with_secret);
    said.push(loud(&place, &format!("plan dev --sandbox -o {plan}"), 0));
    said.push(loud(&place, "plan dev --sandbox --json", 0));
    said.push(loud(&place, &format!("apply dev {plan} --sandbox --yes"), 0));

    // Somebody gives the secret of the origin's header a value that is easily found.
    place.change_cloud(|cloud| {
        let versions = &mut cloud["accounts"][ACCOUNT]["regions"][REGION]["secrets"]["origin"]["versions"];
        versions.as_object_mut().expect("versions").values_mut().for_each(|version| version["value"] = json!(CANARY));
    });
    let with_header = edited(&with_secret, &[("+", "[cdn.origin.header.X-Origin-Verify]\nsecret = \"origin\"")]);
    place.write("dev", &with_header);
    said.push(loud(&place, "apply dev --sandbox --yes", 0));
    assert!(place.cloud().to_string().contains("canary"), "CloudFront got it");
    said.push(loud(&place, "plan dev --sandbox", 0));

    // Edits, and runs that fail.
    place.write("dev", &edited(&with_header, &[("rds", "class = \"db.t3.small\""), ("alb", "idle_timeout = 120")]));
    said.push(loud(&place, "apply dev --sandbox --yes --json", 0));
    place.write("dev", &edited(&with_header, &[("+", "field = \"nothing\"")]));
    said.push(loud(&place, "apply dev --sandbox --yes", 1));
    place.write("dev", &with_header);
    said.push(loud(&place, "apply dev --sandbox --yes --sandbox-account 815856636111", 3));
    said.push(loud(&place, "apply dev --sandbox --yes", 0));
    for line in [
        "state list dev",
        "state show dev",
        "state show dev --json",
        "state show dev secret.rds",
        "state show dev db-instance.main",
        "output dev",
        "output dev --json",
    ] {
        said.push(loud(&place, &format!("{line} --sandbox"), 0));
    }
    said.push(loud(&place, "sandbox show", 0));
    said.push(loud(&place, "sandbox calls", 0));
    let mut secrets = values(&place.cloud());
    said.push(loud(&place, "destroy dev --sandbox --confirm wp-dev-cluster", 0));
    place.write("dev", &shipped);
    said.push(loud(&place, "apply dev --sandbox --yes", 0));
    secrets.extend(values(&place.cloud()));

    let passwords: Vec<String> =
        secrets.iter().filter_map(|value| serde_json::from_str::<Value>(value).ok()?["password"].as_str().map(str::to_owned)).collect();
    assert!(!passwords.is_empty() && passwords.iter().all(|password| password.len() >= 16), "the passwords are known");
    let mut found = vec![];
    files(&place.path(""), &mut found);
    assert!(found.len() > 20 && found.iter().any(|path| path.ends_with("dev.plan")), "{found:?}");
    let secrets: Vec<&str> = passwords.iter().map(String::as_str).chain([CANARY, KEY]).collect();
    nowhere(&place, said, &secrets);
}

/// Looks for every form of every secret in all that was said, in every file, and in what AWS shows everybody.
fn nowhere(place: &Place, said: Vec<Said>, secrets: &[&str]) {
    let mut found = vec![];
    files(&place.path(""), &mut found);
    let mut artefacts: Vec<(String, Vec<u8>)> =
        found.into_iter().map(|path| (path.display().to_string(), fs::read(path).expect("a file"))).collect();
    let (files, runs) = (artefacts.len(), said.len());
    artefacts.extend(said.into_iter().map(|said| (said.line, said.text)));
    let mut cloud = place.cloud();
    open(&mut cloud);
    artefacts.push(("the names and tags of what exists".to_owned(), cloud.to_string().into_bytes()));
    let mut scans = 0;
    for (artefact, text) in artefacts {
        let text = String::from_utf8_lossy(&text);
        for secret in secrets {
            for form in forms(secret) {
                assert!(!text.contains(&form), "{form} in {artefact}");
                scans += 1;
            }
        }
    }
    println!("secrets: 0 hits in {scans} scans: {files} files and the output of {runs} runs, for {} secrets", secrets.len());
}

/// Leaves of the cloud what it shows to those who may list: no values of secrets, passwords or headers.
fn open(cloud: &mut Value) {
    match cloud {
        Value::Object(fields) => {
            fields.retain(|name, _| !["value", "password", "master_user_password", "header_value"].contains(&name.as_str()));
            fields.values_mut().for_each(open);
        }
        Value::Array(items) => items.iter_mut().for_each(open),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Gives the database's secret this password.
fn plant(place: &Place, password: &str) {
    place.change_cloud(|cloud| {
        let secrets = cloud["accounts"][ACCOUNT]["regions"][REGION]["secrets"].as_object_mut().expect("secrets");
        let versions = secrets.values_mut().flat_map(|secret| secret["versions"].as_object_mut().expect("versions").values_mut());
        let planted = versions.filter(|version| version["value"].as_str().is_some_and(|value| value.contains("password")));
        let count =
            planted.map(|version| version["value"] = json!({ "username": "admin", "password": password }).to_string().into()).count();
        assert_eq!(count, 1);
    });
}

#[test]
fn no_failure_tells_a_secret() {
    let place = Place::new();
    let mut said = vec![];
    place.write("dev", &edited(&place.file("dev"), &[("+", "[audit]\nlog_group = \"/audit\"")]));
    said.push(loud(&place, "apply dev --sandbox --yes --target secret.rds", 0));
    plant(&place, PASSWORD);
    // The request with the password is refused, and AWS quotes it; something panics, and quotes it.
    let quoted = |place: &Place, line: &str, weather, code: i32| {
        let (said, exit) = in_weather(place, line, weather);
        let text = String::from_utf8_lossy(&said.text).into_owned();
        assert_eq!(exit, code, "{text}");
        assert!(text.contains("what is this: <secret>"), "it was quoted, and caught: {text}");
        said
    };
    said.push(quoted(&place, "apply dev --sandbox --yes", ("CreateDBInstance", Weather::Quoted), 1));
    said.push(quoted(&place, "apply dev --sandbox --yes --json", ("CreateDBInstance", Weather::Quoted), 1));
    said.push(quoted(&place, "apply dev --sandbox --yes", ("CreateDBInstance", Weather::Panic), 101));

    // Killed, and told to stop, while AWS has the password and has not answered.
    for stop in ["KILL", "INT"] {
        let mut command =
            stand_in::command(&place, "apply dev --sandbox --yes --sandbox-speed 20", Some(("CreateDBInstance", Weather::Silent)), 1);
        aloud(&place, &mut command);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let mut errors = child.stderr.take().expect("a pipe");
        let errors = std::thread::spawn(move || {
            let mut text = vec![];
            errors.read_to_end(&mut text).expect("text");
            text
        });
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut text = vec![];
        while !String::from_utf8_lossy(&text).contains("db-instance.main") || !String::from_utf8_lossy(&text).ends_with('\n') {
            assert!(lines.read_until(b'\n', &mut text).expect("text") > 0, "it begins: {}", String::from_utf8_lossy(&text));
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
        // Where the system tells: no image of its memory would be left behind.
        if let Ok(limits) = fs::read_to_string(format!("/proc/{}/limits", child.id())) {
            let cores = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).expect("a limit");
            assert_eq!(cores.split_whitespace().take(2).collect::<Vec<_>>(), ["0", "0"], "{limits}");
        }
        let signal = |name: &str| {
            let sent = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
            assert!(sent.is_ok_and(|status| status.success()));
        };
        signal(stop);
        if stop == "INT" {
            signal(stop);
        }
        lines.read_to_end(&mut text).expect("text");
        child.wait().expect("it ends");
        text.extend(errors.join().expect("no panic"));
        said.push(Said { line: format!("apply, {stop}"), text });
        if stop == "KILL" {
            let free = loud(&place, "state unlock dev --sandbox --yes", 0);
            assert!(
                String::from_utf8_lossy(&free.text).contains("can write nothing and send nothing any more"),
                "a dead run's lock is taken"
            );
            said.push(free);
        }
    }

    // The answer is lost: to the database's creation, and to the writing of its secret.
    for operation in ["CreateDBInstance", "PutSecretValue"] {
        let (told, _) = in_weather(&place, "apply dev --sandbox --yes", (operation, Weather::Lost));
        said.push(told);
    }
    said.push(loud(&place, "apply dev --sandbox --yes", 0));
    said.push(quoted(&place, "apply dev --sandbox --yes --replace secret-value.rds", ("PutSecretValue", Weather::Quoted), 1));
    for line in ["plan dev --detailed-exitcode", "plan dev --destroy", "state show dev --json", "state show dev", "output dev --json"] {
        said.push(loud(&place, &format!("{line} --sandbox"), 0));
    }
    for line in ["validate dev", "graph dev --format svg", "sandbox show", "sandbox calls", "completions bash"] {
        said.push(loud(&place, line, 0));
    }
    let out = |name: &str| place.path(name).display().to_string();
    let mut prod = place.file("prod");
    for zone in ["wpdev", "wpsit"] {
        let section = format!("dns.delegations.{zone}");
        prod = edited(&prod, &[(&section, "-from_environment"), (&section, "name_servers = [\"ns-1.example.com\", \"ns-2.example.com\"]")]);
    }
    place.write("prod", &prod);
    for (line, code) in [
        ("init dev --sandbox".to_owned(), 0),
        (format!("plan dev --sandbox --out {} --html={}", out("p.plan"), out("p.html")), 0),
        ("plan dev --sandbox --markdown".to_owned(), 0),
        ("drift dev --sandbox".to_owned(), 0),
        ("drift dev --sandbox --json".to_owned(), 0),
        ("import dev --discover --sandbox".to_owned(), 0),
        (format!("plan prod --sandbox --sandbox-principal deployer --out {}", out("prod.plan")), 0),
        (format!("approve prod {} --sandbox --sandbox-principal approver --yes", out("prod.plan")), 0),
        ("cost dev --sandbox".to_owned(), 0),
        ("cost dev --markdown".to_owned(), 0),
        ("iam dev".to_owned(), 0),
        (format!("iam dev --out {}", out("policies")), 0),
        ("runs dev --sandbox".to_owned(), 0),
        ("runs dev --sandbox --json".to_owned(), 0),
        (format!("docs dev --sandbox --out {}", out("page.md")), 0),
        ("doctor dev --sandbox".to_owned(), 0),
        ("doctor dev --assumptions --sandbox".to_owned(), 0),
        ("set dev alb.idle_timeout=61 --sandbox --dry-run".to_owned(), 0),
        ("state list dev --sandbox".to_owned(), 0),
        ("state history dev --sandbox".to_owned(), 0),
        ("state diff dev 1 3 --sandbox".to_owned(), 0),
        ("state pull dev --sandbox".to_owned(), 0),
        ("state verify dev --sandbox".to_owned(), 0),
        ("state orphans dev --sandbox".to_owned(), 0),
        ("state mv dev metric-alarm.rds-storage metric-alarm.other --sandbox --yes --reason test".to_owned(), 0),
        ("state rm dev metric-alarm.rds-cpu --sandbox --yes --reason test".to_owned(), 0),
        ("state unlock dev --sandbox --yes".to_owned(), 0),
        ("state gc dev --sandbox --yes".to_owned(), 0),
        ("state restore dev 3 --sandbox --yes --forget".to_owned(), 0),
        ("state rebuild dev --sandbox --yes".to_owned(), 3),
    ] {
        said.push(loud(&place, &line, code));
    }
    let lines: Vec<&str> = said.iter().map(|said| said.line.as_str()).collect();
    let run = |name: &String| lines.iter().any(|line| line.starts_with(&format!("{name} ")) || line == name);
    // A reset takes away what plays AWS, and destroy is in the other test.
    let left = ["sandbox reset", "destroy"];
    let missing: Vec<String> = commands(&place).into_iter().filter(|name| !left.contains(&name.as_str()) && !run(name)).collect();
    assert!(missing.is_empty(), "commands that nobody listens to: {missing:?}");
    let cloud = place.cloud();
    let audited = cloud["accounts"][ACCOUNT]["regions"][REGION]["log_groups"]["/audit"]["streams"].to_string();
    assert!(audited.contains("CreateDBInstance") && audited.contains("<secret>"), "what AWS quoted stands there, without the secret");
    said.push(Said { line: "what was audited".into(), text: audited.into_bytes() });
    assert!(cloud.to_string().contains(PASSWORD), "RDS got it");
    nowhere(&place, said, &[PASSWORD, KEY]);
}

/// A secret of six letters could stand in other words, which are nobody's: as a word of its own it stands nowhere. One of ten stands
/// nowhere at all. The headers between CloudFront and the load balancer may be so short; AWS quotes both in a refusal.
#[test]
fn a_short_secret_shows_nowhere() {
    const SHORT: [&str; 2] = ["q7z4Kp", "w8Tn-3xRb5"];
    let place = Place::new();
    let secrets = "[resource.secret.one]\nname = \"one\"\n[resource.secret.two]\nname = \"two\"";
    let with_secrets = edited(&place.file("dev"), &[("+", secrets)]);
    place.write("dev", &with_secrets);
    let mut said = vec![loud(&place, "apply dev --sandbox --yes --target secret.one --target secret.two", 0)];
    place.change_cloud(|cloud| {
        for (name, value) in ["one", "two"].into_iter().zip(SHORT) {
            let versions = &mut cloud["accounts"][ACCOUNT]["regions"][REGION]["secrets"][name]["versions"];
            versions.as_object_mut().expect("versions").values_mut().for_each(|version| version["value"] = json!(value));
        }
    });
    let headers = "[cdn.origin.header.X-One]\nsecret = \"one\"\n[cdn.origin.header.X-Two]\nsecret = \"two\"";
    place.write("dev", &edited(&with_secrets, &[("+", headers)]));
    let quoted = format!("The parameter OriginCustomHeaders is not valid: '{}', \"{}\"", SHORT[0], SHORT[1]);
    for line in ["apply dev --sandbox --yes -v", "apply dev --sandbox --yes --json"] {
        let plain = place.command(line.split_whitespace());
        let mut command = stand_in::answer(&plain, "CreateDistributionWithTags", (400, "InvalidArgument", &quoted));
        aloud(&place, &mut command);
        let ran = ran(command.output().expect("the binary runs")).exits(1);
        let text = format!("{}\n{}", ran.out, ran.err);
        assert!(text.matches("<secret>").count() >= 2, "they were quoted, and caught: {text}");
        said.push(Said { line: line.to_owned(), text: text.into_bytes() });
    }
    said.push(loud(&place, "apply dev --sandbox --yes", 0));
    for line in ["runs dev --sandbox --json", "state show dev --sandbox --json", "plan dev --sandbox", "drift dev --sandbox --json"] {
        said.push(loud(&place, line, 0));
    }
    let cloud = place.cloud().to_string();
    assert!(SHORT.iter().all(|secret| cloud.contains(secret)), "CloudFront got them");
    let mut found = vec![];
    files(&place.path(""), &mut found);
    assert!(found.iter().any(|path| path.to_string_lossy().contains("bundles")), "{found:?}");
    let texts = found.into_iter().map(|path| (path.display().to_string(), fs::read(path).expect("a file")));
    let all: Vec<(String, Vec<u8>)> = texts.chain(said.iter().map(|said| (said.line.clone(), said.text.clone()))).collect();
    for (artefact, text) in &all {
        let text = String::from_utf8_lossy(text);
        assert_eq!(bbws_model::net::without_word(&text, SHORT[0], ""), None, "{} in {artefact}", SHORT[0]);
        assert!(!forms(SHORT[1]).iter().any(|form| text.contains(form)), "{} in {artefact}", SHORT[1]);
    }
    println!("secrets of {} and {} letters: 0 hits in {} files and outputs", SHORT[0].len(), SHORT[1].len(), all.len());
}
