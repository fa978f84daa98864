//! The codes of this module's diagnostics, for the register: code and one line on what it means.

pub const CODES: &[(&str, &str)] = &[
    (TOO_LARGE, "the file or one item of it is larger than can be read"),
    (TOO_DEEP, "brackets or an expression nest deeper than the limit"),
    (TOO_MANY, "more mistakes than are shown"),
    (LONE_CLOSE, "a closing bracket that closes nothing"),
    (UNCLOSED, "a bracket that is never closed"),
    (UNCLOSED_TEXT, "a text or a hole in it that is never closed"),
    (UNCLOSED_PATTERN, "a pattern that is never closed"),
    (QUOTES, "quotes that are not the straight \""),
    (COMMA, "a comma or semicolon of another script"),
    (DIGITS, "digits of another script outside a text"),
    (INVISIBLE, "an invisible or direction-changing character outside a text"),
    (UNKNOWN_ITEM, "a word that begins no item of a file"),
    (UNKNOWN_STEP, "a word that begins no step"),
    (UNKNOWN_SETTING, "a word that begins no setting, clause or part here"),
    (UNKNOWN_TRIGGER, "a word that names no trigger"),
    (UNKNOWN_TYPE, "a word that names no type"),
    (EXPECTED, "something else was expected here"),
    (NOT_ON_CHANNEL, "something that the channel cannot do"),
    (EQUALS, "`=` where two values are compared"),
    (DURATION, "a duration that is not written as such"),
    (NUMBER, "a number, date or time that does not exist or does not fit"),
    (ESCAPE, "an escape or brace in a text that is not known"),
    (HOLE, "a hole in a text that cannot be read"),
    (NO_HOLES, "a hole where only a plain text may stand"),
    (PRECEDENCE, "an expression that needs brackets"),
    (MISSING_TEXT, "a step without the text that it sends"),
    (MISPLACED, "something that may not stand here, or not again"),
    (BLOCK_TEXT, "a text in triple quotes that does not begin on its own line"),
    (YAML_BROKEN, "a file that cannot be read as YAML"),
    (YAML_READ_AS, "a text that YAML reads as something else"),
    (YAML_KEY, "a key that is not known here"),
    (YAML_TWICE, "a key that stands twice"),
    (YAML_REFUSED, "a part of YAML that is not used here"),
    (YAML_SHAPE, "a list, map or single value where another of these is expected"),
    (YAML_MISSING, "a key or value that is needed and not there"),
    (YAML_ITEM, "an item, step, trigger or line that no key names, or more than one"),
    (YAML_LOSS, "a part that the other spelling cannot hold"),
];

pub const TOO_LARGE: &str = "F0001";
pub const TOO_DEEP: &str = "F0002";
pub const TOO_MANY: &str = "F0003";
pub const LONE_CLOSE: &str = "F0004";
pub const UNCLOSED: &str = "F0005";
pub const UNCLOSED_TEXT: &str = "F0006";
pub const UNCLOSED_PATTERN: &str = "F0007";
pub const QUOTES: &str = "F0008";
pub const COMMA: &str = "F0009";
pub const DIGITS: &str = "F0010";
pub const INVISIBLE: &str = "F0011";
pub const UNKNOWN_ITEM: &str = "F0012";
pub const UNKNOWN_STEP: &str = "F0013";
pub const UNKNOWN_SETTING: &str = "F0014";
pub const UNKNOWN_TRIGGER: &str = "F0015";
pub const UNKNOWN_TYPE: &str = "F0016";
pub const EXPECTED: &str = "F0017";
pub const NOT_ON_CHANNEL: &str = "F0019";
pub const EQUALS: &str = "F0020";
pub const DURATION: &str = "F0021";
pub const NUMBER: &str = "F0022";
pub const ESCAPE: &str = "F0023";
pub const HOLE: &str = "F0024";
pub const NO_HOLES: &str = "F0025";
pub const PRECEDENCE: &str = "F0026";
pub const MISSING_TEXT: &str = "F0027";
pub const MISPLACED: &str = "F0028";
pub const BLOCK_TEXT: &str = "F0029";
pub const YAML_BROKEN: &str = "F0070";
pub const YAML_READ_AS: &str = "F0071";
pub const YAML_KEY: &str = "F0072";
pub const YAML_TWICE: &str = "F0073";
pub const YAML_REFUSED: &str = "F0074";
pub const YAML_SHAPE: &str = "F0075";
pub const YAML_MISSING: &str = "F0076";
pub const YAML_ITEM: &str = "F0077";
pub const YAML_LOSS: &str = "F0078";
