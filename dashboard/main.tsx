/** Starts the dashboard in the page. */
import { CSPProvider } from "@base-ui/react/csp-provider";
import { Tooltip } from "@base-ui/react/tooltip";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { followPreferences } from "./preferences.ts";
import { queryClient } from "./query-client.ts";
import { router } from "./routes.ts";
import { listenForShortcuts } from "./shortcuts.ts";
import { Toasts } from "./ui/toast.tsx";
import "./styles.css";

const app = document.getElementById("app");
if (!app) throw new Error("the page has no element #app");
followPreferences();
listenForShortcuts();
createRoot(app).render(
  <StrictMode>
    {/* The policy forbids style elements. */}
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queryClient}>
        <Tooltip.Provider delay={400}>
          <RouterProvider router={router} />
          <Toasts />
        </Tooltip.Provider>
      </QueryClientProvider>
    </CSPProvider>
  </StrictMode>,
);
