/// The compiler goes down one level of brackets after the other, on a stack that is not its own.
pub(crate) const LEVELS_MAX: usize = 64;

/// Where brackets are open more than [`LEVELS_MAX`] deep, in bytes.
pub(crate) fn too_deep(script: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut bytes = script.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'#' => _ = bytes.find(|(_, byte)| *byte == b'\n'),
            // Texts, and what is written as one: `r'…'`, `t'…'`.
            quote @ (b'"' | b'\'') => {
                while let Some((_, byte)) = bytes.next() {
                    match byte {
                        b'\\' => _ = bytes.next(),
                        byte if byte == quote => break,
                        _ => {}
                    }
                }
            }
            b'(' | b'[' | b'{' => {
                open += 1;
                if open > LEVELS_MAX {
                    return Some(at);
                }
            }
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    None
}
