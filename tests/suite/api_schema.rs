//! The served OpenAPI document against the real server, by schemathesis: requests that fit it and requests that do not, with
//! a token of every scope, with one of each scope, with a wrong one. No answer is a 5xx or outside of the document.
//!
//! `scripts/test` installs schemathesis and runs this story; it takes `REJOINDER_SCHEMATHESIS_SECONDS` altogether.

use std::process::Command;

use crate::api_deploying::{admin, token};
use crate::harness::World;

const SHOP: &str = r#"bot "Shop" {
    languages en
}

contact {
    size: one of ("S", "M")
    phone: phone secret
}

flow hello {
    on message "hello"

    say "Welcome!"
}

flow help {
    on message "help"

    handoff "wants help"
}
"#;

/// Held against every answer. What the rules of JSON Schema cannot say (a text of blanks, a key's characters) is refused too,
/// so that no answer to a request that fits is held to be a success.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection,missing_required_header,unsupported_method,\
                      allow_header_conformance,ignored_auth";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs schemathesis: scripts/test installs it and runs this"]
async fn no_answer_is_a_5xx_or_outside_the_document() {
    let program = std::env::var("REJOINDER_SCHEMATHESIS").expect("REJOINDER_SCHEMATHESIS names the program");
    let seconds = std::env::var("REJOINDER_SCHEMATHESIS_SECONDS").map_or(75, |text| text.parse().expect("a number of seconds"));
    let world = World::sealed(SHOP).await;
    for name in ["Mona", "Aya", "Omar"] {
        let customer = world.customer(name).await;
        world.write(&customer, "hello").await;
        world.hears(&customer, &["Welcome!"]).await;
        world.write(&customer, "help").await;
    }
    let scopes = ["read", "reply", "deploy", "operate", "export", "erase"];
    let mut runs = vec![("every scope", token(&world, "all", &scopes), seconds / 2)];
    for scope in scopes {
        runs.push((scope, token(&world, scope, &[scope]), seconds / 12));
    }
    runs.push(("no scope", "rejoinder_1_forged".to_owned(), seconds / 12));
    for (name, secret, seconds) in runs {
        let run = Command::new(&program)
            .args(["run", &format!("{}/api/v1/openapi.json", admin(&world)), "--checks", CHECKS])
            .args(["--header", &format!("Authorization: Bearer {secret}"), "--rate-limit", "18/s", "--no-color", "--seed", "7"])
            .args([
                "--max-time",
                &seconds.to_string(),
                "--request-timeout",
                "20",
                "--generation-database",
                "none",
                "--warnings",
                "off",
            ])
            // Its answer has no end; a story of its own reads it.
            .args(["--exclude-path", "/events"])
            .current_dir(world.folder.path())
            .env("HYPOTHESIS_STORAGE_DIRECTORY", world.folder.path().join("hypothesis"))
            .output()
            .expect("schemathesis runs");
        let said = String::from_utf8_lossy(&run.stdout);
        println!("with {name}:\n{said}");
        assert!(run.status.success(), "with {name}:\n{said}\n{}", String::from_utf8_lossy(&run.stderr));
    }
    let said = world.server.as_ref().expect("it runs").said();
    assert!(!said.contains("panicked"), "{said}");
    world.no_violations().await;
}
