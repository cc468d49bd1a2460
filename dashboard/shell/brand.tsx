/** The product's mark and name. */
export function Brand() {
  return (
    <span className="inline-flex items-center gap-2 font-semibold tracking-tight">
      <svg viewBox="0 0 32 32" className="size-5" aria-hidden="true">
        <rect width="32" height="32" rx="8" className="fill-accent-solid" />
        <path
          d="M5 17h5l3-8 6 15 3-7h5"
          fill="none"
          className="stroke-on-accent"
          strokeWidth="2.8"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      HookWatch
    </span>
  );
}
