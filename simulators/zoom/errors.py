"""The two error shapes of Zoom: `{code, message}` of the REST API and `{reason, error}` of OAuth."""

from collections.abc import Mapping


class ZoomError(Exception):
    """A REST refusal. `status` is the HTTP status, `code` Zoom's own number; the two are unrelated."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        errors: tuple[tuple[str, str], ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status}/{code} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors
        self.headers = dict(headers or {})

    def body(self) -> dict[str, object]:
        """The JSON answer; `errors` names the fields of a failed validation."""
        answer: dict[str, object] = {"code": self.code, "message": self.message}
        if self.errors:
            answer["errors"] = [{"field": name, "message": text} for name, text in self.errors]
        return answer


class OAuthError(Exception):
    """A refusal of the token or revoke endpoint; `code` is Zoom's own number, where one is known."""

    def __init__(self, status: int, error: str, reason: str, *, code: int | None = None) -> None:
        super().__init__(f"{status} {error}: {reason}")
        self.code = code
        self.status = status
        self.error = error
        self.reason = reason

    def body(self) -> dict[str, object]:
        """The JSON answer. The key is `reason`, not `error_description`."""
        numbered = {} if self.code is None else {"errorCode": self.code}
        return {"reason": self.reason, "error": self.error, **numbered}


class ControlError(Exception):
    """A request to the control API that makes no sense: wrong field, unknown meeting, not in this state."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def invalid_token(message: str = "Invalid access token.") -> ZoomError:
    """401/124: the token is unknown, dead or not acceptable where it was put."""
    return ZoomError(401, 124, message)


def validation_failed(*fields: tuple[str, str]) -> ZoomError:
    """400/300 with one entry per field at fault."""
    return ZoomError(400, 300, "Validation Failed.", errors=fields)


def no_such_meeting(meeting: str) -> ZoomError:
    """404/3001: deleted, expired, ended (instant) or not visible to this token."""
    return ZoomError(404, 3001, f"Meeting does not exist: {meeting}.")
