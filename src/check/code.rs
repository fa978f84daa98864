//! The checker's codes. Each has a page under `docs/diagnostics`; the register there is the list that authors see.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$doc])* pub(super) const $name: &str = $code;)*
        /// Every code of the checker, for the tests that hold the register complete.
        #[cfg(test)]
        pub(super) const ALL: &[&str] = &[$($code),*];
    };
}

codes! {
    // names
    UNKNOWN_FLOW = "F0101";
    UNKNOWN_LABEL = "F0102";
    UNKNOWN_WORDS = "F0103";
    UNKNOWN_HOURS = "F0104";
    UNKNOWN_TEAM = "F0105";
    UNKNOWN_FIELD = "F0106";
    UNKNOWN_VARIABLE = "F0107";
    UNKNOWN_FUNCTION = "F0108";
    UNKNOWN_FILTER = "F0109";
    UNKNOWN_BUTTON = "F0110";
    UNKNOWN_TEXT = "F0111";
    UNKNOWN_LANGUAGE = "F0112";
    UNKNOWN_MEMBER = "F0113";
    DEFINED_TWICE = "F0114";
    RESERVED_NAME = "F0115";
    LOOK_ALIKE = "F0116";
    NO_BOT = "F0117";
    SECOND_BOT = "F0118";
    UNKNOWN_SECRET = "F0119";
    SECRET_PLACE = "F0120";
    UNKNOWN_IN_TEST = "F0121";
    RENAMED = "F0122";
    // types
    UNLIKE_TYPES = "F0201";
    NOT_A_NUMBER = "F0202";
    NOT_A_CONDITION = "F0203";
    ARGUMENT_COUNT = "F0204";
    FILTER_ARGUMENT = "F0205";
    NOT_A_WORD_OF_IT = "F0206";
    DOES_NOT_FIT = "F0207";
    RANGE_ORDER = "F0208";
    BROKEN_REGEX = "F0209";
    PATTERN_TYPE = "F0210";
    OPEN_MATCH = "F0211";
    NOT_CONSTANT = "F0212";
    ASK_TYPE = "F0213";
    CANNOT_BE_SET = "F0214";
    ARGUMENT_TYPE = "F0215";
    FILTER_TYPE = "F0216";
    NO_VARIABLES_HERE = "F0217";
    ANY_PRINTED = "F0218";
    SECRET_PRINTED = "F0219";
    NOT_A_LIST = "F0220";
    NO_RESULT = "F0221";
    RETURN_VALUE = "F0222";
    JSON = "F0223";
    TYPE_PLACE = "F0224";
    // flows
    UNREACHABLE = "F0301";
    NOBODY_STARTS = "F0302";
    MAY_BE_MISSING = "F0303";
    LOOP_WITHOUT_WAIT = "F0304";
    MUST_LEAVE_OR_SET = "F0305";
    LANGUAGE_MISSING = "F0306";
    EMPTY_TEXT = "F0307";
    SAME_VARIANT = "F0308";
    NEVER_SET_BEFORE = "F0309";
    EMPTY_FLOW = "F0310";
    LEAVE_OUTSIDE = "F0311";
    NO_OUTCOME = "F0312";
    STATUS = "F0313";
    SHARES = "F0314";
    RETURN_MISSING = "F0315";
    MAY_NOT_WAIT = "F0316";
    ASKED_AFTER_HANDOFF = "F0317";
    SILENCE_GOES_ON = "F0318";
    COMMENT_MARKET = "F0319";
    UNUSED = "F0320";
    UNUSABLE_IMAGE = "F0321";
    // triggers
    NEVER_WINS = "F0401";
    EMPTY_PHRASE = "F0402";
    TIE = "F0403";
    SAME_LABEL = "F0404";
    OVERLAP = "F0405";
    EXPECTED_ANSWER = "F0406";
    // channel
    NO_CARD = "F0501";
    NO_SUCH_IMAGE = "F0502";
    IMAGE_WITHOUT_ELSE = "F0503";
    LONG_TEXT = "F0504";
    RESERVE = "F0505";
    TOO_MANY_REPLIES = "F0506";
    TOO_LATE = "F0507";
    NUDGE_ORDER = "F0508";
    OPEN_IMAGE_NAME = "F0509";
    // proofs
    LIST_WITHOUT_BOUND = "F0511";
    RECURSION = "F0512";
    COMMENT_FLOW = "F0513";
    // settings
    UNKNOWN_ZONE = "F0601";
    NO_ZONE = "F0602";
    LANGUAGES = "F0603";
    OUT_OF_RANGE = "F0604";
    GIVEN_TWICE = "F0605";
    HOURS_ROW = "F0606";
    NO_OPT_OUT = "F0607";
    NOT_A_DEFAULT = "F0608";
    ADDRESS = "F0609";
    HOST_NOT_ALLOWED = "F0610";
    HOLE_IN_HOST = "F0611";
    BAD_ADDRESS = "F0612";
    HEADER = "F0613";
    AUTOMATIC_COUNT = "F0614";
    AUTOMATIC_LENGTH = "F0615";
    AUTOMATIC_TWICE = "F0616";
    ANSWERED_BY_TIKTOK = "F0617";
    UNHEARD_PROMPT = "F0618";
    // scripts
    BROKEN_SCRIPT = "F0701";
    UNKNOWN_SCRIPT = "F0702";
    SCRIPT_VALUES = "F0703";
    SCRIPT_NAME = "F0704";
}
