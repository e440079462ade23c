using Atelier.Core;

namespace Atelier.Worker.Runs;

/// <summary>Who is told how a run goes: a terminal, a log, a test.</summary>
public interface IRunDisplay
{
    /// <summary>Something worth a line of its own.</summary>
    void Say(string line);

    /// <summary>An iteration ended.</summary>
    void Progress(RunProgress progress);

    /// <summary>A tick ended.</summary>
    void Tick(TickLine tick);
}

/// <summary>What a tick says.</summary>
/// <param name="Text">The published trainers' line.</param>
/// <param name="Json">The line of <c>stats.jsonl</c>.</param>
public sealed record TickLine(string Text, string Json);

/// <summary>Where a run is.</summary>
/// <param name="Now">Images shown.</param>
/// <param name="Total">Images to show.</param>
/// <param name="ImagesPerSecond">Over the last seconds.</param>
/// <param name="Remaining">Estimated time to the end.</param>
/// <param name="GeneratorLoss">Mean since the last tick, as it was some tenths of a second ago at most.</param>
/// <param name="DiscriminatorLoss">Likewise.</param>
public sealed record RunProgress(
    ImageCount Now, ImageCount Total, double ImagesPerSecond, TimeSpan? Remaining, double? GeneratorLoss, double? DiscriminatorLoss);
