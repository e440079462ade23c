using Atelier.Core.Metrics;

namespace Atelier.Core.Evaluations;

/// <summary>What one worker is given to do at a time.</summary>
/// <param name="Side">What it is about.</param>
/// <param name="First">Index of its first sample; 0 for the result.</param>
/// <param name="Count">Samples; 0 for the result.</param>
public sealed record EvaluationPart(EvaluationSide Side, int First, int Count)
{
    /// <summary>
    /// Samples in a part: whole ranges of <see cref="SampleRange"/>, so that parts decide no bit; few, so that little is lost
    /// with a worker, and that what one worker waits for at the end is short.
    /// </summary>
    public const int Size = 2 * SampleRange.Size;

    /// <summary>The last part.</summary>
    public static EvaluationPart Result { get; } = new(EvaluationSide.Result, 0, 0);

    /// <summary>Its samples.</summary>
    public SampleRange Range => new(First, Count);

    /// <summary>The part of a sample.</summary>
    /// <param name="sample">Its index.</param>
    public static int StartOf(int sample) => sample / Size * Size;

    /// <summary>All parts of an evaluation, the result last.</summary>
    /// <param name="samples">Generated samples.</param>
    /// <param name="realImages">Real images that are compared with; 0 for none.</param>
    public static IReadOnlyList<EvaluationPart> All(int samples, int realImages) =>
        [.. Cut(EvaluationSide.Real, realImages), .. Cut(EvaluationSide.Generated, samples), Result];

    /// <inheritdoc/>
    public override string ToString() => Side == EvaluationSide.Result ? "the result" : $"{Side.ToString().ToLowerInvariant()} {First} to {First + Count - 1}";

    private static IEnumerable<EvaluationPart> Cut(EvaluationSide side, int samples) =>
        new SampleRange(0, samples).Pieces(Size).Select(piece => new EvaluationPart(side, piece.Start, piece.Count));
}
