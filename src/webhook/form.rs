//! Form encoding, in the query of a handshake and in the body of a signed request.

/// Error of a form that cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum FormError {
    /// A requested field is repeated, so it is unclear which value counts.
    Twice,
    /// A `%` has no two hexadecimal digits, or a value is not UTF-8.
    Encoding,
}

/// Returns the values of the named fields. Other fields are not decoded.
pub(super) fn fields<const N: usize>(
    form: &str,
    names: [&str; N],
) -> Result<[Option<String>; N], FormError> {
    let mut values = [const { None }; N];
    for pair in form.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(at) = names.iter().position(|known| *known == name) else {
            continue;
        };
        if values[at].replace(decode(value)?).is_some() {
            return Err(FormError::Twice);
        }
    }
    Ok(values)
}

/// Decodes a form-encoded value once.
fn decode(value: &str) -> Result<String, FormError> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = digit().zip(digit()).ok_or(FormError::Encoding)?;
                u8::try_from(high * 16 + low).map_err(|_| FormError::Encoding)?
            }
            _ => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| FormError::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn field(form: &str) -> Result<Option<String>, FormError> {
        fields(form, ["a"]).map(|[value]| value)
    }

    #[test]
    fn a_value_is_decoded_once() {
        for (form, value) in [
            ("a=1", "1"),
            ("a=", ""),
            ("a", ""),
            ("b=2&a=x+%2B%25zz&&c", "x +%zz"),
            ("a=%C3%bc=&", "ü="),
            ("b=%zz&a=%00", "\0"),
        ] {
            assert_eq!(field(form).unwrap().as_deref(), Some(value), "{form}");
        }
    }

    #[test]
    fn an_absent_field_is_none() {
        for form in ["", "b=a", "A=1", "%61=1", "&&", "=a"] {
            assert_eq!(field(form), Ok(None), "{form}");
        }
    }

    #[test]
    fn a_repeated_field_is_refused() {
        for form in ["a=1&a=1", "a=1&a=2", "a&b&a"] {
            assert_eq!(field(form), Err(FormError::Twice), "{form}");
        }
    }

    #[test]
    fn broken_encoding_is_refused() {
        for form in ["a=%", "a=%1", "a=%zz", "a=%1g", "a=%+1", "a=%ff", "a=%c3x"] {
            assert_eq!(field(form), Err(FormError::Encoding), "{form}");
        }
    }
}
