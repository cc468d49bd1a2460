/** What cannot be undone: another proxy URL, and deletion with everything recorded. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { WireServer } from "../../src/api/wire-servers.ts";
import { call } from "../api.ts";
import { countText } from "../time.ts";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { toast } from "../ui/toast.tsx";
import { visibleText } from "../visible-text.ts";
import { deleteServer, rotateSlug } from "./server-requests.ts";

export function ServerEnd({ server }: { server: WireServer }) {
  const [asking, setAsking] = useState<"rotate" | "delete">();
  const close = () => setAsking(undefined);
  const navigate = useNavigate();
  const calls = useQuery({
    queryKey: ["calls", "count", server.id],
    queryFn: ({ signal }) =>
      call<{ count: number }>("/mcp/calls/count", { query: { server_id: server.id }, signal }),
    enabled: asking === "delete",
  });
  return (
    <Card title="No way back">
      <div className="flex flex-col divide-y">
        <Row text="Give it another proxy URL. The old one stops working at once; what was recorded stays.">
          <Button icon="replay" onClick={() => setAsking("rotate")}>
            New proxy URL
          </Button>
        </Row>
        <Row text="Delete it, and every call that was recorded of it.">
          <Button icon="trash" className="text-error" onClick={() => setAsking("delete")}>
            Delete server
          </Button>
        </Row>
      </div>
      <ConfirmDialog
        open={asking === "rotate"}
        onClose={close}
        title="Give it another proxy URL?"
        action="New proxy URL"
        run={async () => {
          await rotateSlug(server.id);
          toast("The server has a new proxy URL");
        }}
      >
        Agents that use the old one get 404 until they are configured anew. The old one is never
        given out again.
      </ConfirmDialog>
      <ConfirmDialog
        open={asking === "delete"}
        onClose={close}
        title="Delete this server?"
        action="Delete server"
        typedName={visibleText(server.name)}
        run={async () => {
          await deleteServer(server.id);
          toast("Server deleted");
          await navigate({ to: "/servers" });
        }}
      >
        {calls.data
          ? `${countText(calls.data.count)} recorded ${calls.data.count === 1 ? "call goes" : "calls go"} with it, for everyone and for ever.`
          : "Every recorded call goes with it, for everyone and for ever."}{" "}
        Its proxy URL answers 404 from then on.
      </ConfirmDialog>
    </Card>
  );
}

function Row({ text, children }: { text: string; children: React.ReactNode }) {
  return (
    <div className="flex flex-wrap items-center gap-3 py-3 first:pt-0 last:pb-0">
      <p className="min-w-48 flex-1 text-muted">{text}</p>
      {children}
    </div>
  );
}
