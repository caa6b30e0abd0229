//! Timestamps as RFC 3339 text.

use std::fmt;

const DAY: i64 = 24 * 60 * 60 * 1000;
/// Days from 0000-03-01 to 1970-01-01: the algorithm's years begin in March.
const DAYS_TO_1970: i64 = 719_468;
/// Days of 400 years, after which the calendar repeats.
const ERA: i64 = 146_097;

/// Error returned when a text is not an RFC 3339 timestamp, such as `2023-11-14T22:13:20.123Z`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected an RFC 3339 timestamp such as 2023-11-14T22:13:20.123Z")]
#[non_exhaustive]
pub struct InvalidTimestamp;

pub(super) fn write(millis: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (year, month, day) = date_of(millis.div_euclid(DAY));
    if (0..=9999).contains(&year) {
        write!(f, "{year:04}")?;
    } else {
        write!(f, "{year:+07}")?;
    }
    let rest = millis.rem_euclid(DAY);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, milli) = (rest / 1000 % 60, rest % 1000);
    write!(
        f,
        "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"
    )
}

pub(super) fn parse(text: &str) -> Result<i64, InvalidTimestamp> {
    Reader(text.as_bytes()).timestamp().ok_or(InvalidTimestamp)
}

/// Year, month and day of a number of days since 1970, in the Gregorian calendar.
///
/// `civil_from_days` of <https://howardhinnant.github.io/date_algorithms.html>.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_1970;
    let (era, day_of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Days since 1970 of a date; the inverse of [`date_of`].
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = (month + 9) % 12;
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * ERA + day_of_era - DAYS_TO_1970
}

struct Reader<'t>(&'t [u8]);

impl Reader<'_> {
    fn timestamp(mut self) -> Option<i64> {
        let year = self.year()?;
        let month = self.then(b"-")?.number(2, 1..=12)?;
        let day = self.then(b"-")?.number(2, 1..=31)?;
        let days = days_of(year, month, day);
        if date_of(days) != (year, month, day) {
            return None;
        }
        let hour = self.then(b"Tt ")?.number(2, 0..=23)?;
        let minute = self.then(b":")?.number(2, 0..=59)?;
        // A leap second counts as the first of the next minute.
        let second = self.then(b":")?.number(2, 0..=60)?;
        let milli = self.fraction()?;
        let offset = self.offset()?;
        if !self.0.is_empty() {
            return None;
        }
        let minutes = i128::from(days) * 24 * 60 + i128::from(hour * 60 + minute - offset);
        let millis = (minutes * 60 + i128::from(second)) * 1000 + i128::from(milli);
        millis.try_into().ok()
    }

    /// Four digits, or a sign and 4 to 9 digits.
    fn year(&mut self) -> Option<i64> {
        let sign = match self.0.first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return self.number(4, 0..=9999),
        };
        self.0 = &self.0[1..];
        let count = self.0.iter().take_while(|c| c.is_ascii_digit()).count();
        if !(4..=9).contains(&count) {
            return None;
        }
        Some(sign * self.number(count, 0..=999_999_999)?)
    }

    /// The fraction of a second in milliseconds; 0 without one.
    fn fraction(&mut self) -> Option<i64> {
        if self.0.first() != Some(&b'.') {
            return Some(0);
        }
        self.0 = &self.0[1..];
        let count = self.0.iter().take_while(|c| c.is_ascii_digit()).count();
        if count == 0 {
            return None;
        }
        let digits = self.0[..count].iter().chain(b"000").take(3);
        let millis = digits.fold(0, |millis, digit| millis * 10 + i64::from(digit - b'0'));
        self.0 = &self.0[count..];
        Some(millis)
    }

    /// The offset from UTC in minutes: `Z`, `±hh:mm` or `±hhmm`.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.0.first()? {
            b'Z' | b'z' => {
                self.0 = &self.0[1..];
                return Some(0);
            }
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        self.0 = &self.0[1..];
        let hours = self.number(2, 0..=23)?;
        if self.0.first() == Some(&b':') {
            self.0 = &self.0[1..];
        }
        Some(sign * (hours * 60 + self.number(2, 0..=59)?))
    }

    /// Skips one of these characters.
    fn then(&mut self, one_of: &[u8]) -> Option<&mut Self> {
        one_of.contains(self.0.first()?).then_some(())?;
        self.0 = &self.0[1..];
        Some(self)
    }

    /// A number of exactly so many digits.
    fn number(&mut self, digits: usize, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        if !number.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let value = number
            .iter()
            .fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        range.contains(&value).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use crate::time::Timestamp;

    #[test]
    fn timestamps_print_as_rfc_3339_and_read_back() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
            (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+010000-01-01T00:00:00.000Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
            (-62_167_219_200_001, "-000001-12-31T23:59:59.999Z"),
            (i64::MAX, "+292278994-08-17T07:12:55.807Z"),
            (i64::MIN, "-292275055-05-16T16:47:04.192Z"),
        ] {
            let at = Timestamp::from_millis(millis);
            assert_eq!(at.to_string(), text);
            assert_eq!(text.parse(), Ok(at), "{text}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_reads_back() {
        let mut last = String::new();
        for day in -1..=146_097 {
            let at = Timestamp::from_secs(day * 86_400);
            let text = at.to_string();
            assert!(last < text, "{text}");
            assert_eq!(text.parse(), Ok(at), "{text}");
            last = text;
        }
        assert!(last.starts_with("2370-01-01"), "{last}");
    }

    #[test]
    fn other_forms_of_rfc_3339_are_read() {
        let at = Timestamp::from_millis(1_700_000_000_000);
        for text in [
            "2023-11-14T22:13:20Z",
            "2023-11-14t22:13:20z",
            "2023-11-14 22:13:20Z",
            "2023-11-14T22:13:20.000999Z",
            "2023-11-14T22:13:20+0000",
            "2023-11-14T23:43:20+01:30",
            "2023-11-14T14:13:20-0800",
            "2023-11-15T06:13:20+08:00",
        ] {
            assert_eq!(text.parse(), Ok(at), "{text}");
        }
        let half = "2023-11-14T22:13:20.5Z".parse::<Timestamp>();
        assert_eq!(half.map(Timestamp::as_millis), Ok(1_700_000_000_500));
        let leap = "2016-12-31T23:59:60Z".parse::<Timestamp>();
        assert_eq!(leap, "2017-01-01T00:00:00Z".parse());
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "1700000000",
            "2023-11-14",
            "2023-11-14T22:13:20",
            "2023-11-14T22:13Z",
            "2023-11-14T22:13:20.Z",
            "2023-11-14T22:13:20ZZ",
            "2023-11-14T22:13:20+01",
            "2023-11-14T22:13:20+01:60",
            "2023-13-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2023-00-01T00:00:00Z",
            "2023-01-00T00:00:00Z",
            "2023-01-01T24:00:00Z",
            "2023-01-01T00:60:00Z",
            "2023-01-01T00:00:61Z",
            "10000-01-01T00:00:00Z",
            "+10-01-01T00:00:00Z",
            "+9999999999-01-01T00:00:00Z",
            "+292278994-08-17T07:12:55.808Z",
            "-292275055-05-16T16:47:04.191Z",
            "２023-01-01T00:00:00Z",
            "2023-11-14T22:13:20Z\0",
        ] {
            let error = text.parse::<Timestamp>().unwrap_err();
            assert_eq!(
                error.to_string(),
                "expected an RFC 3339 timestamp such as 2023-11-14T22:13:20.123Z",
                "{text}"
            );
        }
    }
}
