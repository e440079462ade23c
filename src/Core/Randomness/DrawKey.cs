namespace Atelier.Core.Randomness;

/// <summary>
/// The identity of one random draw: everything that may change it, and nothing else (no rank, no world size, no
/// history). Equal keys give equal numbers on any machine.
/// </summary>
/// <param name="Branch">The run's branch; 0 until a branching change or a rollback.</param>
/// <param name="Iteration">Iteration, or epoch for the data order.</param>
/// <param name="Phase">The phase of the iteration, as its enum value; 0 outside phases.</param>
/// <param name="Index">Shard or image index; 0 where there is none.</param>
/// <param name="Layer">Layer or parameter index; 0 where there is none.</param>
public readonly record struct DrawKey(
    ulong Seed, uint Branch, DrawPurpose Purpose, long Iteration = 0, int Phase = 0, long Index = 0, int Layer = 0)
{
    /// <summary>
    /// The Philox key and the high half of the counter under which the draw's elements stand; the low half counts
    /// blocks within the draw.
    /// </summary>
    /// <remarks>
    /// The fields (320 bits) are absorbed in two blocks. First
    /// <c>(a, b) = Block64(key: Seed, high: Branch·2³² | Purpose, low: Iteration)</c>, then
    /// <c>(Key, CounterHigh) = Block64(key: a, high: b ⊕ Index, low: Phase·2³² | Layer)</c>. Within one seed the first is
    /// a bijection of (branch, purpose, iteration), and for given (a, b) the second is one of (index, phase, layer);
    /// beyond that two keys collide with the probability of two random 128-bit numbers.
    /// </remarks>
    public (ulong Key, ulong CounterHigh) ToPhilox()
    {
        var (a, b) = Philox4x32.Block64(Seed, ((ulong)Branch << 32) | (uint)Purpose, (ulong)Iteration);
        return Philox4x32.Block64(a, b ^ (ulong)Index, ((ulong)(uint)Phase << 32) | (uint)Layer);
    }
}

/// <summary>
/// What a random draw is for. The values are part of the trajectory: never renumber or reuse one.
/// </summary>
public enum DrawPurpose
{
    /// <summary>Weights and constants before the first iteration; layer = index of the parameter.</summary>
    InitialWeights = 1,

    /// <summary>z of a shard.</summary>
    Latent = 2,

    /// <summary>The second z of a shard, for style mixing.</summary>
    SecondLatent = 3,

    /// <summary>At which layer style mixing switches over.</summary>
    MixingCutoff = 4,

    /// <summary>Whether a shard mixes styles.</summary>
    MixingDecision = 5,

    /// <summary>Which real label a generated image is conditioned on.</summary>
    GeneratedLabel = 6,

    /// <summary>Noise inputs of the synthesis layers; layer = index of the layer.</summary>
    Noise = 7,

    /// <summary>The random image directions of path length regularisation.</summary>
    PathNoise = 8,

    /// <summary>Whether a real image is mirrored; index = position in the data order.</summary>
    Mirror = 9,

    /// <summary>The permutation of an epoch; iteration = epoch.</summary>
    DataOrder = 10,

    /// <summary>z of preview grids until their tiles had seeds; not drawn any more.</summary>
    Preview = 11,

    /// <summary>Noise inputs of preview grids; layer = index of the layer.</summary>
    PreviewNoise = 12,

    /// <summary>Augmentations; layer = 3 for real images and 0 for generated ones, plus 0 for uniform, 1 for normal parameters, 2 for noise.</summary>
    Augmentation = 13,

    /// <summary>The fixed probe that a worker runs before it is admitted.</summary>
    Probe = 14,

    /// <summary>Which real images a preview grid shows, and the labels of its samples.</summary>
    PreviewImages = 15,

    /// <summary>Constant noise buffers of the synthesis layers, used where noise is not random; layer = index of the layer.</summary>
    NoiseBuffer = 16,

    /// <summary>z of samples that a person asks for by seed; index = the sample's seed.</summary>
    Sample = 17,

    /// <summary>Latents of metrics; index = the sample's index.</summary>
    Evaluation = 18,

    /// <summary>Noise inputs of a metric's samples; index = the sample's index, layer = index of the layer.</summary>
    EvaluationNoise = 19,

    /// <summary>Which real label a metric's sample is conditioned on; index = the sample's index.</summary>
    EvaluationLabel = 20,

    /// <summary>The other end of a sample's path, for path lengths; index = the sample's index.</summary>
    PathEnd = 21,

    /// <summary>Where on its path a sample lies; index = the sample's index.</summary>
    PathPosition = 22,

    /// <summary>Subsets of a metric; index = the subset, layer = 0 for generated and 1 for real images.</summary>
    MetricSubset = 23,

    /// <summary>Weights of the random feature net; layer = index of the layer.</summary>
    FeatureWeights = 24,

    /// <summary>What projection adds to w in a step; iteration = the step.</summary>
    ProjectionStyle = 30,

    /// <summary>Noise maps that projection begins with; layer = index of the layer.</summary>
    ProjectionNoise = 31,

    /// <summary>Weights of the random perceptual net; layer = index of the layer.</summary>
    PerceptualWeights = 32,

    /// <summary>First weights of the artifact classifier; layer = index of the parameter.</summary>
    ClassifierWeights = 40,

    /// <summary>Images of a classifier's minibatch: iteration = the step, index = the place; layer = 0 for which class, 1 for which image, 2 for whether it is mirrored.</summary>
    ClassifierImages = 41,

    /// <summary>Which labelled images a classifier is tested on; index = the class.</summary>
    ClassifierSplit = 42,
}
