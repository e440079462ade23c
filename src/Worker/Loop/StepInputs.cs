using Atelier.Core;
using Atelier.Core.Randomness;
using Atelier.Core.Schedules;
using Atelier.Core.Sharding;
using Atelier.Training.Data;
using Atelier.Training.Interop;
using Atelier.Training.Randomness;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Worker.Loop;

/// <summary>Real images and draws of the shards that one holder computes.</summary>
public sealed class StepInputs : IDisposable
{
    private readonly ImageDataset _dataset;
    private readonly RunKeys _keys;
    private readonly DrawSource _source;
    private readonly ShardRange _held;
    private readonly MinibatchSchedule _minibatches;
    private readonly int _shards;
    private readonly Func<long, ImageDraw> _order;
    private ImageLoader _loader;
    private int _batch;
    private TimeSpan _waitedBefore;

    /// <summary>Starts reading ahead.</summary>
    /// <param name="dataset">The images; not owned.</param>
    /// <param name="keys">Seed and branch.</param>
    /// <param name="source">What the draws have in common.</param>
    /// <param name="held">The shards of this holder.</param>
    /// <param name="minibatches">Images per iteration.</param>
    /// <param name="shards">Shards that each minibatch is cut into.</param>
    /// <param name="mirror">Whether images are flipped at random.</param>
    public StepInputs(ImageDataset dataset, RunKeys keys, DrawSource source, ShardRange held, MinibatchSchedule minibatches, int shards, bool mirror)
    {
        ArgumentNullException.ThrowIfNull(minibatches);
        (_dataset, _keys, _source, _held, _minibatches, _shards) = (dataset, keys, source, held, minibatches, shards);
        var order = new DataOrder(keys.Seed, keys.Branch, dataset.Count);
        _order = position => new ImageDraw((int)order.ImageAt(position), mirror && order.MirrorAt(position));
        _loader = Loader(_batch = minibatches.Batch);
    }

    /// <summary>How long training has waited for images, in all.</summary>
    public TimeSpan Waited => _waitedBefore + _loader.Waited;

    /// <summary>The inputs of one iteration.</summary>
    /// <param name="iteration">Iterations finished.</param>
    /// <param name="shown">Images shown before it: its place in the data order.</param>
    /// <param name="cancellation">Ends the wait for images.</param>
    public Minibatch At(long iteration, ImageCount shown, CancellationToken cancellation)
    {
        if (_minibatches.At(shown) is var batch && batch != _batch)
        {
            _waitedBefore += _loader.Waited;
            _loader.Dispose();
            _loader = Loader(_batch = batch);
        }
        int shardSize = batch / _shards;
        return new(this, iteration, shardSize, _loader.Take(shown.Images + (_held.Start * (long)shardSize), cancellation));
    }

    /// <inheritdoc/>
    public void Dispose() => _loader.Dispose();

    private ImageLoader Loader(int batch) => new(_dataset, _order, new LoaderOptions { BatchSize = _held.Count * (batch / _shards), Stride = batch });

    /// <summary>The inputs of one iteration's phases and shards.</summary>
    public sealed class Minibatch(StepInputs inputs, long iteration, int shardSize, ImageBatch images)
    {
        /// <summary>The inputs of one phase of one shard.</summary>
        public ShardInputs Of(Phase phase, int shard)
        {
            var basis = new DrawKey(inputs._keys.Seed, inputs._keys.Branch, DrawPurpose.Latent, iteration, (int)phase.Kind, shard);
            return new ShardInputs(new RealShard(shardSize, () => Load(shard)), new KeyedDraws(basis, inputs._source));
        }

        private (Tensor Images, Tensor? Labels) Load(int shard)
        {
            int n = shardSize, first = (shard - inputs._held.Start) * n;
            var (width, height) = inputs._dataset.Resolution;
            var pixels = images.Pixels.AsSpan(first * inputs._dataset.ImageBytes, n * inputs._dataset.ImageBytes).ToArray();
            var real = Upload.To(tensor(pixels, [n, 3, height, width]), inputs._source.Device).to(inputs._source.Precision).DividedBy(127.5).Minus(1); // bytes travel, a quarter of the numbers
            int labelSize = inputs._source.LabelSize;
            if (labelSize == 0)
                return (real, null);
            var labels = images.Labels.AsSpan(first * labelSize, n * labelSize).ToArray();
            return (real, Upload.To(tensor(labels, [n, labelSize]).to(inputs._source.Precision), inputs._source.Device));
        }
    }
}

/// <summary>What every random draw of a run is keyed by, besides what it is for.</summary>
/// <param name="Seed">The spec's seed.</param>
/// <param name="Branch">The branch number; 0 until a branching change or a rollback.</param>
public sealed record RunKeys(ulong Seed, uint Branch);
