using System.Collections.Concurrent;
using Atelier.Worker.Runs;

namespace Atelier.TestKit;

/// <summary>Keeps what a run says.</summary>
public sealed class SilentDisplay : IRunDisplay
{
    /// <summary>What was said.</summary>
    public ConcurrentQueue<string> Lines { get; } = new();

    /// <summary>The ticks.</summary>
    public ConcurrentQueue<TickLine> Ticks { get; } = new();

    /// <summary>Where a line was due because a minute had passed without a tick.</summary>
    public ConcurrentQueue<RunProgress> Interims { get; } = new();

    /// <summary>Called after every iteration; a test stops a run here.</summary>
    public Action<RunProgress>? OnProgress { get; init; }

    /// <inheritdoc/>
    public void Say(string line) => Lines.Enqueue(line);

    /// <inheritdoc/>
    public void Progress(RunProgress progress) => OnProgress?.Invoke(progress);

    /// <inheritdoc/>
    public void Interim(RunProgress progress) => Interims.Enqueue(progress);

    /// <inheritdoc/>
    public void Tick(TickLine tick) => Ticks.Enqueue(tick);
}
