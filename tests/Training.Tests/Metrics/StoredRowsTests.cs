using Atelier.Core.Evaluations;
using Atelier.Core.Metrics;
using Atelier.Storage.Blobs;
using Atelier.Training.Metrics.Samples;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Metrics;

public sealed class StoredRowsTests
{
    private readonly InMemoryBlobStore _blobs = new();

    [Fact]
    public void Collect_PartsOfOthers_AreNotComputedAgain()
    {
        using var scope = NewDisposeScope();
        var source = new Counting(1000);
        using var stored = new StoredRows(_blobs, "evaluations/a/");
        stored.Put(source, new SampleRange(512, 488), Rows(512, 488));

        var rows = new Collector("rfd", 1, stored, null, CancellationToken.None).Rows(source);

        Assert.Equal([new(0, 256), new(256, 256)], source.Computed);
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => (float)i), rows.data<float>().ToArray());
    }

    [Fact]
    public async Task Find_DamagedPart_IsComputedAgain()
    {
        using var scope = NewDisposeScope();
        var source = new Counting(512);
        using (var stored = new StoredRows(_blobs, "evaluations/a/"))
            stored.Put(source, new SampleRange(0, 512), Rows(0, 512));
        string name = Assert.Single(await _blobs.ListAsync("evaluations/a/", TestContext.Current.CancellationToken));
        await _blobs.PutAsync(name, async (stream, token) => await stream.WriteAsync(new byte[] { 1, 2, 3 }, token), TestContext.Current.CancellationToken);

        using var again = new StoredRows(_blobs, "evaluations/a/");

        Assert.Null(again.Find(source, new SampleRange(256, 256)));
    }

    [Fact]
    public void StartOf_AnySample_IsInsideItsPart() => Assert.Equal(512, EvaluationPart.StartOf(1023));

    private static Tensor Rows(int first, int count) => arange(first, first + count, ScalarType.Float32).view(count, 1);

    private sealed class Counting(int count) : ISampleSource
    {
        public List<SampleRange> Computed { get; } = [];

        public string What => "numbers";

        public string Key => What;

        public int AtOnce => 16;

        public int Count => count;

        public Tensor Compute(SampleRange range)
        {
            Computed.Add(range);
            return Rows(range.Start, range.Count);
        }
    }
}
