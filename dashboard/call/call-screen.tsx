/** `/calls/…`: a call on a page of its own, to be linked to. */
import { getRouteApi, useNavigate, useRouter } from "@tanstack/react-router";
import { IconButton } from "../ui/button.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { CallView } from "./call-view.tsx";

const route = getRouteApi("/shell/calls/$callId");

export function CallScreen() {
  const { callId } = route.useParams();
  const { replay } = route.useSearch();
  const navigate = useNavigate();
  const router = useRouter();
  const back = () =>
    router.history.canGoBack()
      ? router.history.back()
      : void navigate({ to: "/calls", search: {} });
  return (
    <>
      <PageHeader
        title="Call"
        tabTitle={`Call ${callId.slice(0, 8)}`}
        lead={<IconButton icon="arrowLeft" label="Back" onClick={back} />}
      />
      <div className="mx-auto flex min-h-0 w-full max-w-5xl flex-1 flex-col bg-surface lg:border-x">
        <CallView
          key={callId}
          callId={callId}
          replaying={replay === true}
          onOpen={(id) => void navigate({ to: "/calls/$callId", params: { callId: id } })}
        />
      </div>
    </>
  );
}
