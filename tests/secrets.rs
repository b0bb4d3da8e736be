//! Secrets stand in Secrets Manager, and nowhere in what bbws writes or says.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Place, edited, ran};

const ACCOUNT: &str = "536580886816";
const REGION: &str = "af-south-1";
/// With characters that base64 and URLs write otherwise.
const CANARY: &str = "canary/7f3a+Q&x=%41 ~bird";
const KEY: &str = "canary+key/of=the&caller";

/// A run with all that it could say.
fn loud(place: &Place, line: &str, code: i32) -> Vec<u8> {
    let mut command = place.command(line.split_whitespace());
    command.arg("-v").env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
    command.env("AWS_ACCESS_KEY_ID", "AKIATEST").env("AWS_SECRET_ACCESS_KEY", KEY);
    let ran = ran(command.output().expect("the binary runs")).exits(code);
    format!("$ {line}\n{}\n{}", ran.out, ran.err).into_bytes()
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
    let written: Vec<(String, Vec<u8>)> =
        found.into_iter().map(|path| (path.display().to_string(), fs::read(path).expect("a file"))).collect();
    let said = said.into_iter().map(|text| (String::from_utf8_lossy(&text[..text.len().min(80)]).into_owned(), text));
    for (place, text) in written.into_iter().chain(said) {
        let text = String::from_utf8_lossy(&text);
        for secret in passwords.iter().map(String::as_str).chain([CANARY, KEY]) {
            for form in forms(secret) {
                assert!(!text.contains(&form), "{form} in {place}");
            }
        }
    }
}
