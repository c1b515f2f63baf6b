//! How a request asks for its answer: a small language of paths and query parameters.

use super::Answer;
use percent_encoding::percent_decode_str;
use std::time::Duration;

/// What `GET /` answers.
const HELP: &str = "\
The demo upstream. It answers what the path asks for:

  /status/503             that status
  /slow/2000              after so many milliseconds
  /reset                  resets the connection instead of answering
  /reset-after-headers    closes the connection within the body
  /headers/<name>/<value> with that response header; more pairs may follow
  anything else           200

and these query parameters, with any path:

  status=503  delay=2000  header=<name>:<value> (may repeat)  body=<text>  chunks=3

<value> and <text> may hold any byte, percent-encoded. Without body= the answer shows, as JSON, the request as it
arrived here, with bytes that are not UTF-8 escaped.
";

/// The answer that a request for `path` with `query` asks for: status 400 and the reason if that cannot be given.
pub(super) fn answer_for(path: &str, query: Option<&str>) -> Answer {
    wanted(path, query).unwrap_or_else(|rule| {
        let text = format!("{rule}\nGET / explains what can be asked for\n");
        let mut answer = Answer::ok().body(text);
        answer.status = hyper::StatusCode::BAD_REQUEST;
        answer
    })
}

fn wanted(path: &str, query: Option<&str>) -> Result<Answer, String> {
    let mut answer = from_path(path)?;
    for pair in query.unwrap_or_default().split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        answer = match key {
            "status" => with_status(answer, value)?,
            "delay" => answer.after(milliseconds(value)?),
            "header" => {
                let (name, value) = value
                    .split_once(':')
                    .or_else(|| value.split_once("%3A"))
                    .ok_or("header: must be name:value")?;
                with_header(answer, name, value)?
            }
            "body" => answer.body(decoded(value)),
            "chunks" => answer.chunks(value.parse().map_err(|_| "chunks: must be a number")?),
            // Paths of real applications have queries of their own.
            _ => answer,
        };
    }
    Ok(answer)
}

fn from_path(path: &str) -> Result<Answer, String> {
    let mut segments = path.trim_start_matches('/').split('/');
    Ok(match (segments.next().unwrap_or_default(), segments.next()) {
        ("", None) => Answer::ok().body(HELP),
        ("status", Some(status)) => with_status(Answer::ok(), status)?,
        ("slow", Some(delay)) => Answer::ok().after(milliseconds(delay)?),
        ("reset", None) => Answer::reset(),
        ("reset-after-headers", None) => Answer::ok().cut_short(),
        ("headers", Some(name)) => {
            let mut answer = Answer::ok();
            let mut name = Some(name);
            while let Some(field) = name {
                answer = with_header(
                    answer,
                    field,
                    segments.next().ok_or("headers: must be name/value pairs")?,
                )?;
                name = segments.next();
            }
            answer
        }
        _ => Answer::ok(),
    })
}

fn with_status(mut answer: Answer, status: &str) -> Result<Answer, String> {
    let status = status
        .parse()
        .map_err(|_| format!("status {status}: must be a number"))?;
    answer.status = Answer::status(status).map_err(|error| error.to_string())?.status;
    Ok(answer)
}

fn with_header(answer: Answer, name: &str, value: &str) -> Result<Answer, String> {
    let name = String::from_utf8(decoded(name)).map_err(|_| "header: has no valid name")?;
    answer
        .header(&name, decoded(value))
        .map_err(|error| error.to_string())
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .map(Duration::from_millis)
        .map_err(|_| format!("delay {text}: must be milliseconds"))
}

fn decoded(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}
