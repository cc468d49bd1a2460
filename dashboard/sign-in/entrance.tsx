/** The frame of all ways in: the mark, a title, and a form. */
import { type ReactNode, useEffect } from "react";
import { Brand } from "../shell/brand.tsx";

export function Entrance({
  title,
  children,
  foot,
}: {
  title: string;
  children: ReactNode;
  foot?: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · HookWatch`;
  }, [title]);
  return (
    <main className="flex h-full flex-col items-center overflow-y-auto p-4">
      <div className="my-auto flex w-full max-w-sm flex-col items-center gap-6 py-6">
        <Brand />
        <section className="flex w-full flex-col gap-4 rounded-xl border bg-surface p-6">
          <h1 className="text-lg font-semibold">{title}</h1>
          {children}
        </section>
        {foot !== undefined && <div className="text-sm text-muted">{foot}</div>}
      </div>
    </main>
  );
}
