//! Signs and places of currencies, after CLDR, for the markets where shops talk on TikTok.

use super::digits::primary;

pub(super) struct Currency {
    /// What is printed for it.
    pub sign: String,
    /// Digits after the decimal mark.
    pub digits: u32,
}

/// Signs that mean one currency everywhere.
const SIGNS: [(&str, &str); 22] = [
    ("AUD", "A$"),
    ("BDT", "৳"),
    ("BRL", "R$"),
    ("EUR", "€"),
    ("GBP", "£"),
    ("HKD", "HK$"),
    ("IDR", "Rp"),
    ("ILS", "₪"),
    ("INR", "₹"),
    ("JPY", "¥"),
    ("KHR", "៛"),
    ("KRW", "₩"),
    ("LAK", "₭"),
    ("MYR", "RM"),
    ("NGN", "₦"),
    ("NZD", "NZ$"),
    ("PHP", "₱"),
    ("THB", "฿"),
    ("TRY", "₺"),
    ("TWD", "NT$"),
    ("USD", "$"),
    ("VND", "₫"),
];

/// Signs that mean one currency in one language, or in one region's form of it.
const LOCAL_SIGNS: [(&str, &str, &str); 32] = [
    ("ar", "AED", "د.إ."),
    ("ar", "BHD", "د.ب."),
    ("ar", "DZD", "د.ج."),
    ("ar", "EGP", "ج.م."),
    ("ar", "IQD", "د.ع."),
    ("ar", "JOD", "د.أ."),
    ("ar", "KWD", "د.ك."),
    ("ar", "LBP", "ل.ل."),
    ("ar", "LYD", "د.ل."),
    ("ar", "MAD", "د.م."),
    ("ar", "OMR", "ر.ع."),
    ("ar", "QAR", "ر.ق."),
    ("ar", "SAR", "ر.س."),
    ("ar", "SDG", "ج.س."),
    ("ar", "SYP", "ل.س."),
    ("ar", "TND", "د.ت."),
    ("ar", "YER", "ر.ي."),
    ("es-AR", "ARS", "$"),
    ("es-CL", "CLP", "$"),
    ("es-CO", "COP", "$"),
    ("es-MX", "MXN", "$"),
    ("es-MX", "USD", "USD"),
    ("es-PE", "PEN", "S/"),
    ("en-AU", "AUD", "$"),
    ("en-CA", "CAD", "$"),
    ("en-NG", "NGN", "₦"),
    ("en-PK", "PKR", "Rs"),
    ("en-SG", "SGD", "$"),
    ("en-ZA", "ZAR", "R"),
    ("ru", "RUB", "₽"),
    ("ur", "PKR", "Rs"),
    ("uk", "UAH", "₴"),
];

pub(super) fn currency(code: &str, language: &str) -> Currency {
    let code = code.to_ascii_uppercase();
    let local = LOCAL_SIGNS.iter().find(|(tag, known, _)| *known == code && (*tag == language || *tag == primary(language)));
    let sign = local
        .map(|(_, _, sign)| *sign)
        .or_else(|| SIGNS.iter().find(|(known, _)| *known == code).map(|(_, sign)| *sign))
        .map_or_else(|| code.clone(), str::to_owned);
    let digits = match code.as_str() {
        // Prices in these are written without the smaller unit, whatever the standard counts.
        "CLP" | "IDR" | "IQD" | "JPY" | "KHR" | "KRW" | "LAK" | "LBP" | "MMK" | "PYG" | "SYP" | "UGX" | "VND" | "XAF" | "XOF"
        | "YER" => 0,
        "BHD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    };
    Currency { sign, digits }
}

/// Figures and sign in the language's order.
pub(super) fn placed(figures: &str, currency: &Currency, language: &str, negative: bool) -> String {
    let sign = &currency.sign;
    let minus = if negative { "-" } else { "" };
    let american = language.split(['-', '_']).skip(1).any(|part| matches!(part, "419" | "MX" | "CO" | "AR" | "CL" | "PE" | "US"));
    match primary(language) {
        "es" if american => format!("{minus}{sign}{figures}"),
        "ar" | "bg" | "ca" | "cs" | "da" | "de" | "es" | "fi" | "fr" | "he" | "hu" | "it" | "pl" | "ro" | "ru" | "sk" | "sr"
        | "sv" | "uk" | "vi" => format!("{minus}{figures} {sign}"),
        "pt" | "ms" | "nl" => format!("{minus}{sign} {figures}"),
        // A code needs a blank, a sign needs none.
        _ if sign.len() == 3 && sign.chars().all(|c| c.is_ascii_uppercase()) => format!("{minus}{sign} {figures}"),
        _ => format!("{minus}{sign}{figures}"),
    }
}
