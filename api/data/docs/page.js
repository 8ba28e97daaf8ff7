"use strict";

const place = document.getElementById("swagger-ui");
const isDemo = place.dataset.isDemo === "true";

const ui = SwaggerUIBundle({
  url: place.dataset.description,
  domNode: place,
  presets: [SwaggerUIBundle.presets.apis],
  oauth2RedirectUrl: new URL("docs/assets/oauth2-redirect.html", location.href).href,
  validatorUrl: null, // the validator is a service on the internet
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  defaultModelsExpandDepth: 0,
});

const SCHEME = "OAuth2PasswordBearer";

/** Sign in by the interface itself, exactly as the Authorize box does, and hand the token to it. */
async function signIn(button, password) {
  const said = document.getElementById("demo-said");
  const username = button.value;
  const body = new URLSearchParams({ grant_type: "password", username, password });
  const answer = await fetch("v1/auth/token", { method: "POST", body });
  const token = await answer.json();
  if (!answer.ok) {
    said.textContent = `${username}: ${token.detail ?? token.title}`;
    return;
  }
  const schema = ui.specSelectors.securityDefinitions().get(SCHEME);
  ui.authActions.authorizeOauth2({ auth: { name: SCHEME, schema, username }, token });
  for (const other of document.querySelectorAll(".demo button")) {
    other.setAttribute("aria-pressed", String(other === button));
  }
  said.textContent = `已登录 · signed in: ${username}`;
}

if (isDemo) {
  const password = document.querySelector(".demo code").textContent;
  for (const button of document.querySelectorAll(".demo button")) {
    button.addEventListener("click", () => {
      signIn(button, password).catch((error) => {
        document.getElementById("demo-said").textContent = String(error);
      });
    });
  }
}
