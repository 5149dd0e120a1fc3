use vrl::compiler::Function;
use vrl::diagnostic::Diagnostic;

use crate::Options;
use crate::environment::GetEnvVar;

/// VRL's code for a call of a function that there is not.
const UNDEFINED: usize = 105;

/// Functions that are documented for VRL and that no script has here, by why.
const ABSENT: [(&[&str], &str); 4] = [
    (&["dns_lookup", "http_request", "reverse_dns"], "reaches the network"),
    (&["get_hostname", "get_timezone_name"], "asks this machine's system"),
    (
        &[
            "find_enrichment_table_records",
            "get_enrichment_table_record",
            "get_secret",
            "remove_secret",
            "set_secret",
        ],
        "is about tables and secrets of Vector",
    ),
    (
        &[
            "crc",
            "decrypt",
            "decrypt_ip",
            "encode_proto",
            "encrypt",
            "encrypt_ip",
            "hmac",
            "md5",
            "parse_etld",
            "parse_proto",
            "seahash",
            "sha1",
            "sha2",
            "sha3",
            "validate_json_schema",
            "xxhash",
        ],
        "is not built in",
    ),
];

pub(crate) fn all(options: Options) -> Vec<Box<dyn Function>> {
    let mut all = vrl::stdlib::all();
    if options.environment {
        all.push(Box::new(GetEnvVar));
    }
    all
}

/// Says of a function that scripts do not have why that is, in place of a name that is spelt like it.
pub(crate) fn explain(diagnostic: &mut Diagnostic, script: &str, options: Options) {
    if diagnostic.code != UNDEFINED {
        return;
    }
    let Some(span) = diagnostic.labels.first().map(|label| label.span) else { return };
    let Some(name) = script.get(span.range()) else { return };
    let message = if name == GetEnvVar::NAME && !options.environment {
        format!("`{name}` reads the environment: allow it with `environment = true` beside the script")
    } else if let Some((_, why)) = ABSENT.iter().find(|(names, _)| names.contains(&name)) {
        format!("`{name}` {why}: scripts do not have it here")
    } else {
        return;
    };
    diagnostic.message = message;
    diagnostic.labels.truncate(1);
}
