"""What an installation may choose, and what it may not."""

import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from api.adapters.kept_secrets import kept_secret
from api.settings import KNOWN_PASSWORDS, Settings, SettingsRefused, load_settings

GOOD_KEY = "kq3Zr8vX1nT6yB0wLs5Jd9HgPf2McAe7"
GOOD: Mapping[str, str] = {
    "GRIDPATROL_TOKEN_KEY": GOOD_KEY,
    "GRIDPATROL_DATABASE_URL": "postgresql://patrol:W8rq-1z@db/patrol",
}


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Give a safe environment that a test then spoils."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"GRIDPATROL_{name.upper()}", raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def refusal(environ: pytest.MonkeyPatch, name: str, value: str) -> str:
    environ.setenv(f"GRIDPATROL_{name}", value)
    with pytest.raises(SettingsRefused) as refused:
        load_settings()
    return str(refused.value)


def test_a_key_and_a_database_are_enough(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    del environ
    settings = load_settings()
    assert settings.required_database_url == "postgresql+psycopg://patrol:W8rq-1z@db/patrol"
    assert settings.home == tmp_path / "var"
    assert settings.files_location == (tmp_path / "var" / "files").as_uri()
    assert settings.token_key.get_secret_value() == GOOD_KEY
    assert not settings.demo


def test_nothing_is_written_outside_the_demo(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    del environ
    load_settings()
    assert not list(tmp_path.iterdir())


def test_without_a_key_and_a_database_both_are_named(environ: pytest.MonkeyPatch) -> None:
    environ.delenv("GRIDPATROL_TOKEN_KEY")
    environ.setenv("GRIDPATROL_DATABASE_URL", "")
    with pytest.raises(SettingsRefused) as refused:
        load_settings()
    key, database = str(refused.value).splitlines()
    assert key.startswith("GRIDPATROL_TOKEN_KEY is missing")
    assert database.startswith("GRIDPATROL_DATABASE_URL is missing")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("TOKEN_KEY", "short", "too short: 5 bytes where 32 are needed"),
        ("TOKEN_KEY", "ab" * 32, "too regular"),
        ("TOKEN_KEY", "ChangeMe-" + GOOD_KEY, "contains the word 'changeme'"),
        ("DEBUG", "true", "GRIDPATROL_DEBUG is for the demo only"),
        ("CORS_ORIGINS", "https://a.example, *", "GRIDPATROL_CORS_ORIGINS must name the origins"),
        ("TRUSTED_PROXIES", "*", "GRIDPATROL_TRUSTED_PROXIES must name the proxies"),
    ],
)
def test_unsafe_values_are_refused_outside_the_demo(
    environ: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    assert words in refusal(environ, name, value)


@pytest.mark.parametrize("password", sorted(KNOWN_PASSWORDS))
def test_known_database_passwords_are_refused_outside_the_demo(
    environ: pytest.MonkeyPatch, password: str
) -> None:
    assert "everybody knows" in refusal(environ, "DATABASE_URL", f"postgresql://patrol:{password}@db/patrol")


def test_a_known_password_is_recognised_in_percent_encoding(environ: pytest.MonkeyPatch) -> None:
    assert "everybody knows" in refusal(environ, "DATABASE_URL", "postgresql://patrol:p%6Fstgres@db/patrol")


@pytest.mark.parametrize(
    ("name", "value"),
    [("DEBUG", "true"), ("CORS_ORIGINS", "*"), ("TRUSTED_PROXIES", "*")],
)
def test_the_demo_allows_what_is_refused_elsewhere(
    environ: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environ.setenv("GRIDPATROL_DEMO", "true")
    environ.setenv(f"GRIDPATROL_{name}", value)
    assert load_settings().demo


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://root@db/patrol"),
        ("DATABASE_URL", "postgresql+asyncpg://patrol@db/patrol"),
        ("DATABASE_URL", "db/patrol"),
        ("FILES_URL", "ftp://files"),
        ("PORT", "70000"),
        ("PORT", "http"),
        ("PUBLIC_URL", "grids.example.cn"),
        ("PUBLIC_URL", "ftp://grids.example.cn"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "https://grids.example.cn?x=1"),
        ("PUBLIC_URL", "https://grids.example.cn/#top"),
        ("PUBLIC_URL", "https://me:secret@grids.example.cn"),
        ("PUBLIC_URL", "https://grids.example.cn/a b"),
        ("PUBLIC_URL", 'https://grids.example.cn/"><script>'),
        ("PUBLIC_URL", "https://grids.example.cn/" + "x" * 200),
        ("TIME_ZONE", "Asia/Nowhere"),
        ("TIME_ZONE", "../../etc/passwd"),
        ("LOG_LEVEL", "loud"),
        ("ACCESS_TOKEN_TTL_S", "1"),
        ("MAX_MEGAPIXELS", "-1"),
    ],
)
def test_malformed_values_are_refused_by_name_even_in_the_demo(
    environ: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environ.setenv("GRIDPATROL_DEMO", "true")
    assert f"GRIDPATROL_{name}: " in refusal(environ, name, value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("GRIDPATROL_DATABSE_URL", "did you mean GRIDPATROL_DATABASE_URL?"),
        ("gridpatrol_token_kye", "did you mean GRIDPATROL_TOKEN_KEY?"),
        ("GRIDPATROL_XYZZY", "is not a setting"),
    ],
)
def test_a_misspelt_setting_is_refused(environ: pytest.MonkeyPatch, name: str, words: str) -> None:
    environ.setenv(name, "1")
    with pytest.raises(SettingsRefused, match=words.replace("?", r"\?")):
        load_settings()


def test_the_variable_of_the_tests_is_no_mistake(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("GRIDPATROL_TEST_DATABASE_URL", "postgresql://")
    load_settings()


def test_refusals_and_representations_never_show_a_secret(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("GRIDPATROL_TOKEN_KEY", "tiny-secret")
    assert "tiny-secret" not in refusal(environ, "DATABASE_URL", "mysql://patrol:hush@db/patrol")
    with pytest.raises(ValidationError) as raised:
        Settings()
    assert "tiny-secret" not in str(raised.value)
    assert "hush" not in str(raised.value)
    assert GOOD_KEY not in repr(Settings(demo=True, token_key=SecretStr(GOOD_KEY), database_url=None))


def test_comma_separated_lists_are_split(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("GRIDPATROL_TRUSTED_PROXIES", " 10.0.0.1 ,10.1.0.0/16,, ")
    assert load_settings().trusted_proxies == ("10.0.0.1", "10.1.0.0/16")


def test_an_object_store_is_kept_as_it_is_and_a_folder_becomes_a_url(
    environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environ.setenv("GRIDPATROL_FILES_URL", "s3://photos/street")
    assert load_settings().files_location == "s3://photos/street"
    environ.setenv("GRIDPATROL_FILES_URL", "pictures here")
    assert load_settings().files_location == (tmp_path / "pictures here").as_uri()


def test_where_residents_reach_us_is_said_and_never_guessed(environ: pytest.MonkeyPatch) -> None:
    assert load_settings().public_address is None
    environ.setenv("GRIDPATROL_PUBLIC_URL", "https://grids.example.cn:8443/patrol/")
    assert load_settings().public_address == "https://grids.example.cn:8443/patrol"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8001"),
        ("0.0.0.0", "http://127.0.0.1:8001"),  # noqa: S104  listening everywhere is no address
        ("::", "http://[::1]:8001"),
        ("grids.local", "http://grids.local:8001"),
    ],
)
def test_the_demo_is_reached_where_it_listens_unless_it_is_told_otherwise(host: str, address: str) -> None:
    assert Settings(demo=True, host=host, port=8001).public_address == address
    named = Settings(demo=True, host=host, port=8001, public_url="http://demo.example")
    assert named.public_address == "http://demo.example"


def test_a_home_that_can_not_be_used_is_refused_by_name(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environ.setenv("GRIDPATROL_DEMO", "true")
    environ.delenv("GRIDPATROL_TOKEN_KEY")
    (tmp_path / "taken").write_text("a file where the folder should be")
    words = refusal(environ, "HOME", str(tmp_path / "taken"))
    assert words.startswith("GRIDPATROL_HOME: ")
    assert "can't be used" in words


def test_the_demo_keeps_the_key_that_it_made(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environ.delenv("GRIDPATROL_TOKEN_KEY")
    environ.setenv("GRIDPATROL_DEMO", "true")
    first, second = load_settings().token_key, load_settings().token_key
    assert first.get_secret_value() == second.get_secret_value()
    assert stat.S_IMODE((tmp_path / "var/secrets/token-key").stat().st_mode) == 0o600


def test_a_given_key_wins_over_the_kept_one(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environ.setenv("GRIDPATROL_DEMO", "true")
    assert load_settings().token_key.get_secret_value() == GOOD_KEY
    assert not (tmp_path / "var").exists()


def test_without_a_database_only_asking_for_it_fails() -> None:
    settings = Settings(demo=True, database_url=None)
    with pytest.raises(SettingsRefused, match="brings a database of its own"):
        _ = settings.required_database_url


def test_a_running_process_never_changes_its_mind() -> None:
    settings = Settings(demo=True)
    with pytest.raises(ValidationError):
        settings.port = 1  # pyright: ignore[reportAttributeAccessIssue]  the very thing that is refused


def test_a_kept_secret_is_made_once_whoever_asks_and_however_often(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "secret"
    secret = kept_secret(path)
    assert len(secret) == 64
    assert kept_secret(path) == secret
    assert [entry.name for entry in path.parent.iterdir()] == ["secret"]
