//! Names of months and near days, compared after folding.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::text::fold;

/// January first: Arabic (Egypt and the Gulf, the Levant, the Maghreb), English, Spanish, French, Indonesian, Portuguese, Thai.
const MONTHS: [&[&str]; 12] = [
    &[
        "يناير",
        "كانون الثاني",
        "جانفي",
        "january",
        "jan",
        "enero",
        "ene",
        "janvier",
        "janv",
        "januari",
        "janeiro",
        "มกราคม",
        "ม.ค.",
    ],
    &[
        "فبراير",
        "شباط",
        "فيفري",
        "february",
        "feb",
        "febrero",
        "février",
        "févr",
        "februari",
        "pebruari",
        "fevereiro",
        "fev",
        "กุมภาพันธ์",
        "ก.พ.",
    ],
    &["مارس", "آذار", "march", "mar", "marzo", "mars", "maret", "março", "มีนาคม", "มี.ค."],
    &["أبريل", "إبريل", "نيسان", "أفريل", "april", "apr", "abril", "abr", "avril", "avr", "เมษายน", "เม.ย."],
    &["مايو", "أيار", "ماي", "may", "mayo", "mai", "mei", "maio", "พฤษภาคม", "พ.ค."],
    &["يونيو", "يونية", "حزيران", "جوان", "june", "jun", "junio", "juin", "juni", "junho", "มิถุนายน", "มิ.ย."],
    &["يوليو", "يولية", "تموز", "جويلية", "july", "jul", "julio", "juillet", "juil", "juli", "julho", "กรกฎาคม", "ก.ค."],
    &["أغسطس", "آب", "أوت", "august", "aug", "agosto", "ago", "août", "agustus", "agu", "สิงหาคม", "ส.ค."],
    &["سبتمبر", "أيلول", "september", "sep", "sept", "septiembre", "setiembre", "septembre", "setembro", "set", "กันยายน", "ก.ย."],
    &["أكتوبر", "تشرين الأول", "october", "oct", "octubre", "octobre", "oktober", "okt", "outubro", "out", "ตุลาคม", "ต.ค."],
    &["نوفمبر", "تشرين الثاني", "november", "nov", "noviembre", "novembre", "nopember", "novembro", "พฤศจิกายน", "พ.ย."],
    &[
        "ديسمبر",
        "كانون الأول",
        "december",
        "dec",
        "diciembre",
        "dic",
        "décembre",
        "déc",
        "desember",
        "des",
        "dezembro",
        "dez",
        "ธันวาคม",
        "ธ.ค.",
    ],
];

const TODAY: [&str; 11] =
    ["today", "اليوم", "النهاردة", "النهارده", "hoy", "aujourd'hui", "hari ini", "hôm nay", "วันนี้", "hoje", "now"];

const TOMORROW: [&str; 14] =
    ["tomorrow", "tmrw", "tmr", "غدا", "غداً", "بكرة", "بكره", "mañana", "demain", "besok", "ngày mai", "mai", "พรุ่งนี้", "amanhã"];

static BY_NAME: LazyLock<HashMap<String, i64>> = LazyLock::new(|| {
    let numbered = MONTHS.iter().zip(1..);
    numbered.flat_map(|(names, month)| names.iter().map(move |name| (fold(name), month))).collect()
});

static DAYS_AHEAD: LazyLock<HashMap<String, i64>> = LazyLock::new(|| {
    let today = TODAY.iter().map(|word| (fold(word), 0));
    today.chain(TOMORROW.iter().map(|word| (fold(word), 1))).collect()
});

/// The month of this folded name, 1 to 12.
pub(super) fn month_named(folded: &str) -> Option<i64> {
    BY_NAME.get(folded).copied()
}

/// How many days ahead the folded words mean.
pub(super) fn days_ahead(folded: &str) -> Option<i64> {
    DAYS_AHEAD.get(folded).copied()
}
