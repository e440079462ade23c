using Atelier.Training.Data;
using Atelier.Training.Imaging;

namespace Atelier.Training.Tests.Data;

public class ImageLoaderTests
{
    private const int Images = 30;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 5)]
    public void Take_InOrder_GivesWhatTheOrderSays(int threads, int ahead)
    {
        using var dataset = TestSource.Open(TestSource.Of(Images));
        using var loader = new ImageLoader(dataset, Order, new LoaderOptions { BatchSize = 4, Threads = threads, Ahead = ahead });

        for (long position = 0; position < 200; position += 4)
            AssertIsThatOf(position, loader.Take(position, Token), dataset);
    }

    [Fact]
    public void Take_AnyPosition_GivesTheSameAsInOrder()
    {
        using var dataset = TestSource.Open(TestSource.Of(Images));
        using var loader = new ImageLoader(dataset, Order, new LoaderOptions { BatchSize = 4, Threads = 2, Ahead = 3 });

        foreach (long position in new[] { 0, 4, 8, 1001, 1005, 4, 4, 123456789012, 0 })
            AssertIsThatOf(position, loader.Take(position, Token), dataset);
    }

    [Fact]
    public void Take_ASliceOfEveryMinibatch_SkipsTheRest()
    {
        using var dataset = TestSource.Open(TestSource.Of(Images));
        var asked = new HashSet<long>();
        ImageDraw Recording(long position)
        {
            lock (asked)
                asked.Add(position % 16);
            return Order(position);
        }

        using var loader = new ImageLoader(dataset, Recording, new LoaderOptions { BatchSize = 4, Stride = 16, Ahead = 3 });
        for (long position = 8; position < 160; position += 16)
            AssertIsThatOf(position, loader.Take(position, Token), dataset);

        lock (asked)
            Assert.Equal([8, 9, 10, 11], asked.Order());
    }

    [Fact]
    public void Start_Ahead_ReadsNoFurtherThanItsBatches()
    {
        using var dataset = TestSource.Open(TestSource.Of(Images));
        long highest = -1;
        ImageDraw Recording(long position)
        {
            lock (dataset)
                highest = Math.Max(highest, position);
            return Order(position);
        }

        using var loader = new ImageLoader(dataset, Recording, new LoaderOptions { BatchSize = 4, Threads = 3, Ahead = 3 });
        loader.Start(0);
        for (long position = 0; position < 400; position += 4)
        {
            lock (dataset)
                Assert.True(highest < position + 12, $"position {highest} was read before {position} was taken");
            AssertIsThatOf(position, loader.Take(position, Token), dataset);
        }
    }

    [Fact]
    public void Take_ImageThatCannotBeRead_NamesItAtItsBatchEachTime()
    {
        using var folder = new TempFolder();
        foreach (var (name, content) in TestSource.Files(6))
            folder.Write(name, content);
        using var dataset = TestSource.Open(ImageSource.Open(folder.Path), new DatasetOptions { CacheBytes = 0 });
        File.Delete(System.IO.Path.Combine(folder.Path, TestSource.NameOf(4)));
        using var loader = new ImageLoader(dataset, p => new ImageDraw((int)p, false), new LoaderOptions { BatchSize = 2, Ahead = 3 });

        Assert.Equal(0, loader.Take(0, Token).FirstPosition);
        Assert.Equal(2, loader.Take(2, Token).FirstPosition);
        for (var attempt = 0; attempt < 2; attempt++)
            Assert.Contains("0004.png", Assert.Throws<DatasetException>(() => loader.Take(4, Token)).Message, StringComparison.Ordinal);
        Assert.Equal(0, loader.Take(0, Token).FirstPosition);
    }

    [Fact]
    public void Take_Labelled_CarriesTheLabelsOfItsImages()
    {
        const string Json = """{"labels": [["0000.png", 0], ["0001.png", 1], ["0002.png", 2]]}""";
        using var dataset = TestSource.Open(TestSource.Of(3, Json));
        using var loader = new ImageLoader(dataset, p => new ImageDraw((int)(p % 3), false), new LoaderOptions { BatchSize = 4 });

        Assert.Equal([0f, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0], loader.Take(1, Token).Labels);
    }

    [Fact]
    public void Take_Cancelled_StopsWaiting()
    {
        using var dataset = TestSource.Open(TestSource.Of(3));
        using var open = new ManualResetEventSlim();
        using var began = new CancellationTokenSource();
        // The order blocks until the test ends, and cancels the wait that depends on it.
        ImageDraw Blocking(long position)
        {
            began.Cancel();
            open.Wait();
            return new ImageDraw(0, false);
        }

        using var loader = new ImageLoader(dataset, Blocking, new LoaderOptions { BatchSize = 1 });
        Assert.ThrowsAny<OperationCanceledException>(() => loader.Take(0, began.Token));
        open.Set();
        Assert.Equal(0, loader.Take(0, Token).FirstPosition);
    }

    [Fact]
    public void Waited_SlowImages_IsTheTimeSpentInTake()
    {
        using var dataset = TestSource.Open(TestSource.Of(3));
        var clock = new ManualClock();
        // Drawing an image "takes" a second, in the one thread that the consumer waits for.
        ImageDraw Slow(long position)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return new ImageDraw(0, false);
        }

        using var blocked = new ImageLoader(dataset, Slow, new LoaderOptions { BatchSize = 2, Ahead = 1, Threads = 1 }, clock);
        Assert.Equal(TimeSpan.Zero, blocked.Waited);
        blocked.Take(0, Token);
        Assert.Equal(TimeSpan.FromSeconds(2), blocked.Waited);
    }

    [Fact]
    public void Dispose_WhileReading_Ends()
    {
        using var dataset = TestSource.Open(TestSource.Of(3));
        var loader = new ImageLoader(dataset, Order3, new LoaderOptions { BatchSize = 64, Threads = 3 });
        loader.Start(0);

        loader.Dispose();

        Assert.Throws<ObjectDisposedException>(() => loader.Take(0, Token));
        static ImageDraw Order3(long position) => new((int)(position % 3), true);
    }

    private static ImageDraw Order(long position) => new((int)(position * 7 % Images), position % 3 == 0);

    private static void AssertIsThatOf(long position, ImageBatch batch, ImageDataset dataset)
    {
        Assert.Equal(position, batch.FirstPosition);
        Assert.Empty(batch.Labels);
        Assert.Equal(4 * dataset.ImageBytes, batch.Pixels.Length);
        for (var i = 0; i < 4; i++)
        {
            var image = new RgbImage(8, 8, batch.Pixels.AsSpan(i * dataset.ImageBytes, dataset.ImageBytes).ToArray());
            var draw = Order(position + i);
            Assert.Equal(new RgbColor(draw.Mirror ? (byte)7 : (byte)0, 2, (byte)draw.Image), image.At(0, 2));
        }
    }

    private sealed class ManualClock : TimeProvider
    {
        private long _ticks = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref _ticks);

        public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
    }
}
