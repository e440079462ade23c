using Atelier.Protos;
using Orleans;

namespace Atelier.Coordinator.Runs;

/// <summary>A look of a worker at a data set: the question goes out by its stream, the answer comes in by it. The key is the request's.</summary>
public interface IInspectionGrain : IGrainWithStringKey
{
    /// <summary>The worker has looked.</summary>
    Task AnswerAsync(InspectionAnswer answer);

    /// <summary>The answer; null while it has not come.</summary>
    Task<InspectionAnswer?> LookAsync();
}

/// <summary>What a worker found.</summary>
/// <param name="Width">Columns of pixels.</param>
/// <param name="Height">Rows of pixels.</param>
/// <param name="LabelDim">Length of a label.</param>
/// <param name="Images">Usable images.</param>
/// <param name="Digest">Hash of names, contents and labels.</param>
/// <param name="Error">Why the data cannot be used; empty otherwise.</param>
[GenerateSerializer]
public sealed record InspectionAnswer(int Width, int Height, int LabelDim, long Images, string Digest, string Error)
{
    internal static InspectionAnswer Of(DataFacts facts) =>
        new(facts.Width, facts.Height, facts.LabelDim, facts.Images, facts.ContentSha256, facts.Error);
}

/// <summary>Keeps the answer until it is asked for.</summary>
public sealed class InspectionGrain : Grain, IInspectionGrain
{
    private InspectionAnswer? _answer;

    /// <inheritdoc/>
    public Task AnswerAsync(InspectionAnswer answer)
    {
        _answer = answer;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<InspectionAnswer?> LookAsync() => Task.FromResult(_answer);
}
