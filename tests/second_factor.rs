//! A profile that wants a code: somebody types it in a terminal, it is used once, and stands nowhere.

use std::fs;

use crate::server::Server;
use crate::support::{Place, Ran, in_a_terminal, ran};

const DEV: &str = "536580886816";
const CODE: &str = "493817";

/// The profile of dev, with a device; and the same command in a terminal, where this is typed at its question.
fn typed(place: &Place, server: &Server, line: &str, answer: &str) -> Ran {
    let files = "[profile Tebogo-dev]\nmfa_serial = arn:aws:iam::536580886816:mfa/jo\naws_access_key_id = AKIAJO\naws_secret_access_key = jo-secret\n";
    fs::create_dir_all(place.path(".aws")).expect("a folder");
    fs::write(place.path(".aws/config"), files).expect("a file");
    let mut command = in_a_terminal(&place.command(line.split_whitespace()), &[("Tebogo-dev: ", answer)]);
    command.env("AWS_ENDPOINT_URL", server.url()).env("RUST_LOG", "trace");
    ran(command.output().expect("python3 runs it"))
}

/// How often this was asked.
fn times(server: &Server, what: &str) -> usize {
    server.asked().iter().filter(|asked| *asked == what).count()
}

#[test]
fn a_code_is_asked_for_once_and_its_session_is_used_by_the_cloud_and_the_store() {
    for s3 in [false, true] {
        let (place, server) = (Place::new(), Server::that_wants(CODE, DEV));
        if s3 {
            place.edit("dev", "backend = \"local\"", "backend = \"s3\"\nbucket = \"wp-dev-bbws-state\"");
        }
        // The server says no to all that comes after: who is asked, and by whom, is what counts.
        let ran = typed(&place, &server, "plan dev -v", CODE);
        assert_ne!(ran.code, 0, "{}", ran.out);
        assert!(ran.out.contains("Code of arn:aws:iam::536580886816:mfa/jo for the profile Tebogo-dev"), "{}", ran.out);
        assert!(!ran.out.contains("only once a run"), "nobody is asked twice:\n{}", ran.out);
        assert_eq!(times(&server, "GetSessionToken"), 1, "{:?}", server.asked());
        assert!(times(&server, "GetCallerIdentity by the session") >= 1, "{:?}", server.asked());
        assert_eq!(times(&server, "GetCallerIdentity"), 0, "{:?}", server.asked());
        // What a terminal echoes is the person's own typing; nothing else shows the code, and no file holds it.
        let after = ran.out.split_once("Tebogo-dev: ").expect("the question").1;
        assert_eq!(after.matches(CODE).count(), 1, "{after}");
        assert!(after.trim_start().starts_with(CODE), "{after}");
        let mut left = vec![place.path("")];
        while let Some(dir) = left.pop() {
            for entry in fs::read_dir(dir).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    left.push(path);
                } else {
                    let text = String::from_utf8_lossy(&fs::read(&path).expect("a file")).into_owned();
                    assert!(!text.contains(CODE) && !text.contains("session-secret"), "{}", path.display());
                }
            }
        }
    }
}

#[test]
fn a_wrong_code_is_told_and_nothing_is_done() {
    let (place, server) = (Place::new(), Server::that_wants(CODE, DEV));
    let ran = typed(&place, &server, "plan dev", "000000");
    assert_eq!(ran.code, 75, "{}", ran.out);
    assert!(ran.out.contains("MultiFactorAuthentication failed") && ran.out.contains("E-CREDENTIALS"), "{}", ran.out);
    assert_eq!(times(&server, "GetCallerIdentity by the session"), 0);
    let ran = typed(&place, &server, "plan dev", "what?");
    assert!(ran.code == 75 && ran.out.contains("a code is six digits"), "{}", ran.out);
}
