// The API's description, drawn by Swagger UI.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const calls = document.getElementById("calls");
  SwaggerUIBundle({
    url: calls.dataset.description,
    domNode: calls,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    tryItOutEnabled: true,
    persistAuthorization: false,
    validatorUrl: null,
  });
});
