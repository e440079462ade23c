using System.Diagnostics;

namespace Atelier.Core.Telemetry;

/// <summary>
/// How a trace goes from process to process in messages of ours: as a W3C <c>traceparent</c>. What has none, or one that cannot be read,
/// belongs to no trace.
/// </summary>
public static class TraceParent
{
    /// <summary>The span that a message was sent from; default for none.</summary>
    public static ActivityContext Read(string? traceParent) => ActivityContext.TryParse(traceParent, null, isRemote: true, out var context) ? context : default;

    /// <summary>A span as messages carry it; empty for none, or one that nobody records.</summary>
    public static string Write(ActivityContext context) =>
        context.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) ? $"00-{context.TraceId}-{context.SpanId}-01" : "";

    /// <summary>The present span, as messages carry it; empty for none, or one that nobody records.</summary>
    public static string OfPresent() => Write(Activity.Current?.Context ?? default);

    /// <summary>Begins a span below a message's, whatever the present one is.</summary>
    /// <param name="source">Whose span it is.</param>
    /// <param name="name">What it is of.</param>
    /// <param name="parent">The message's span.</param>
    /// <param name="start">When it began, for what is told afterwards.</param>
    /// <returns>The span, which is not the present one; null where nobody records it, or there is no parent.</returns>
    public static Activity? Begin(this ActivitySource source, string name, ActivityContext parent, DateTimeOffset start = default) =>
        parent == default ? null : StartAside(source, name, parent, start);

    /// <summary>Begins a trace, whatever the present span is.</summary>
    /// <param name="source">Whose span it is.</param>
    /// <param name="name">What it is of.</param>
    /// <returns>The span, which is not the present one; null where nobody records it.</returns>
    public static Activity? BeginTrace(this ActivitySource source, string name) => StartAside(source, name, default, default);

    private static Activity? StartAside(ActivitySource source, string name, ActivityContext parent, DateTimeOffset start)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (!source.HasListeners())
            return null;
        var present = Activity.Current;
        // A span without a parent would become the present one's child.
        Activity.Current = null;
        try
        {
            return source.StartActivity(name, ActivityKind.Internal, parent, startTime: start);
        }
        finally
        {
            Activity.Current = present;
        }
    }
}
