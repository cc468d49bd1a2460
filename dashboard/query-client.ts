/** The cache of answers of the API, one for the page. */
import { QueryClient } from "@tanstack/react-query";
import { Problem } from "./problem.ts";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // What the API refused will be refused again; what it could not do now may be done in a moment.
      retry: (failures, cause) =>
        failures < 2 && cause instanceof Problem && (cause.status === 0 || cause.status === 503),
      staleTime: 5_000,
      refetchOnWindowFocus: false,
    },
    mutations: { retry: false },
  },
});
