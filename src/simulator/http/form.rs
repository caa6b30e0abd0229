//! A form with a file in it, as RFC 7578 has it.

use hyper::body::Bytes;
use serde_json::Value;

use crate::simulator::platform::parameters::{File, Parameters};
use crate::simulator::platform::refusal::Refusal;

/// Reads the fields and the file, if there is one.
pub(crate) fn read(
    content_type: &str,
    body: &Bytes,
) -> Result<(Parameters, Option<File>), Refusal> {
    let wrong = || Refusal::parameter("The form cannot be read");
    let boundary = content_type.split("boundary=").nth(1).ok_or_else(wrong)?;
    let boundary = boundary.split(';').next().unwrap_or_default();
    let delimiter = format!("--{}", boundary.trim().trim_matches('"')).into_bytes();
    let between = [b"\r\n", &*delimiter].concat();
    let mut parameters = Parameters::new();
    let mut file = None;
    if !body.starts_with(&delimiter) {
        return Err(wrong());
    }
    let mut rest = delimiter.len();
    while !body[rest..].starts_with(b"--") {
        let end = rest + find(&body[rest..], &between).ok_or_else(wrong)?;
        let part = body.slice(rest..end);
        let split = find(&part, b"\r\n\r\n").ok_or_else(wrong)?;
        let head = String::from_utf8_lossy(&part[..split]).into_owned();
        let value = part.slice(split + 4..);
        let name = quoted(&head, "name").ok_or_else(wrong)?;
        if let Some(name) = quoted(&head, "filename") {
            let media_type = header(&head, "content-type");
            file = Some(File {
                name,
                media_type,
                bytes: value,
            });
        } else {
            let text = String::from_utf8(value.to_vec()).map_err(|_| wrong())?;
            parameters.insert(name, Value::String(text));
        }
        rest = end + between.len();
    }
    Ok((parameters, file))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

/// The value of `name="…"` in a head.
fn quoted(head: &str, name: &str) -> Option<String> {
    let start = format!(" {name}=\"");
    let value = head.split(&start).nth(1)?;
    value.split('"').next().map(str::to_owned)
}

fn header(head: &str, name: &str) -> Option<String> {
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    lines
        .find(|(found, _)| found.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_a_file_are_read() {
        let body = Bytes::from_static(
            b"--B\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n{}\r\n\
              --B\r\nContent-Disposition: form-data; name=\"filedata\"; filename=\"a\"\r\n\
              Content-Type: image/png\r\n\r\n\r\n--x\r\n\r\n--B--\r\n",
        );
        let (fields, file) = read("multipart/form-data; boundary=B", &body).unwrap();
        assert_eq!(fields["message"], "{}");
        let file = file.unwrap();
        assert_eq!(file.media_type.as_deref(), Some("image/png"));
        assert_eq!(&file.bytes[..], b"\r\n--x\r\n");
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for (kind, body) in [
            ("multipart/form-data", "--B--"),
            ("multipart/form-data; boundary=B", ""),
            ("multipart/form-data; boundary=B", "--B\r\n\r\nx"),
            ("multipart/form-data; boundary=B", "--B\r\n\r\nx\r\n--B--"),
        ] {
            assert!(read(kind, &Bytes::from(body)).is_err(), "{kind} {body}");
        }
    }
}
