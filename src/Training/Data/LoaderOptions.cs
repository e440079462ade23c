namespace Atelier.Training.Data;

/// <summary>What an <see cref="ImageLoader"/> delivers, and how far it reads ahead.</summary>
public sealed record LoaderOptions
{
    /// <summary>Images in a batch.</summary>
    public required int BatchSize { get; init; }

    /// <summary>
    /// Positions from one batch to the next; null is <see cref="BatchSize"/>. Larger for the holder of some of a
    /// minibatch's shards, who takes that slice of every minibatch.
    /// </summary>
    public int? Stride { get; init; }

    /// <summary>Batches kept ready or in the making: what bounds the memory.</summary>
    public int Ahead { get; init; } = 4;

    /// <summary>Threads that decode.</summary>
    public int Threads { get; init; } = 2;
}
