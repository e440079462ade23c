using Atelier.Training.Data;
using Atelier.Training.Imaging;
using Atelier.Training.Tests.Imaging;

namespace Atelier.Training.Tests.Data;

public sealed class ImageDatasetTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_Images_GivesThemInOrder()
    {
        using var dataset = TestSource.Open(TestSource.Of(30));

        Assert.Equal(30, dataset.Count);
        Assert.Equal(ImageSize.Square(8), dataset.Resolution);
        Assert.Equal(0, dataset.LabelDim);
        Assert.Empty(dataset.BadImages);
        Assert.Equal("0017.png", dataset.NameOf(17));
        Assert.All(Enumerable.Range(0, 30), i => Assert.Equal(i, TestSource.NumberAt(dataset, i)));
    }

    [Fact]
    public void CopyPixels_Mirror_ExchangesLeftAndRight()
    {
        using var dataset = TestSource.Open(TestSource.Of(2, width: 12, height: 8));
        var pixels = new byte[dataset.ImageBytes];

        dataset.CopyPixels(1, mirror: true, pixels);

        var image = new RgbImage(12, 8, pixels);
        Assert.All(Enumerable.Range(0, 96), i => Assert.Equal(new RgbColor((byte)(11 - (i % 12)), (byte)(i / 12), 1), image.At(i % 12, i / 12)));
    }

    [Fact]
    public void CopyPixels_MirroredFromTheCache_LeavesTheCacheAlone()
    {
        using var dataset = TestSource.Open(TestSource.Of(1));
        var (first, again) = (new byte[dataset.ImageBytes], new byte[dataset.ImageBytes]);

        dataset.CopyPixels(0, mirror: true, first);
        dataset.CopyPixels(0, mirror: true, again);

        Assert.Equal(first, again);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(192 * 5, 5)]
    [InlineData((192 * 6) - 1, 5)]
    [InlineData(1 << 20, 20)]
    public void CachedBytes_AnyBudget_IsKeptAndChangesNoPixel(long budget, int images)
    {
        using var dataset = TestSource.Open(TestSource.Of(20), new DatasetOptions { CacheBytes = budget });

        Assert.Equal(images * 192, dataset.CachedBytes);
        Assert.All(Enumerable.Range(0, 20), i => Assert.Equal(i, TestSource.NumberAt(dataset, i)));
    }

    [Fact]
    public void Open_Empty_SaysWhatIsRead()
    {
        _folder.Write("readme.txt", [1]);

        var error = TestSource.Refused(ImageSource.Open(_folder.Path), DatasetProblem.Empty);

        Assert.Contains(_folder.Path, error.Message, StringComparison.Ordinal);
        Assert.Contains("PNG", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_MixedSizes_NamesBothFilesAndSizes()
    {
        var files = TestSource.Files(20);
        files[TestSource.NameOf(13)] = TestImages.Png(16, 12);
        files[TestSource.NameOf(17)] = TestImages.Png(20, 20);

        var error = TestSource.Refused(new MemoryImageSource("test", files), DatasetProblem.MixedSizes);

        Assert.Contains("0000.png is 8x8", error.Message, StringComparison.Ordinal);
        Assert.Contains("0013.png is 16x12", error.Message, StringComparison.Ordinal);
        Assert.Contains("--set resolution=8 --set resize=fit", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_AnotherSizeThanTheRuns_NamesBoth()
    {
        var error = TestSource.Refused(
            TestSource.Of(3), DatasetProblem.MixedSizes, new DatasetOptions { Resolution = ImageSize.Square(32) });

        Assert.Contains("0000.png is 8x8", error.Message, StringComparison.Ordinal);
        Assert.Contains("32x32", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_MixedSizesWithResize_BringsThemToOne()
    {
        var files = TestSource.Files(3);
        files["tall.png"] = TestImages.Png(10, 40, 99);

        using var dataset = TestSource.Open(
            new MemoryImageSource("test", files), new DatasetOptions { Resize = new ImageSize(16, 8) });

        Assert.Equal(new ImageSize(16, 8), dataset.Resolution);
        Assert.Equal(99, TestSource.NumberAt(dataset, 3));
    }

    [Theory]
    [InlineData(33, 33, "`--set resolution=32 --set resize=fit`")]
    [InlineData(100, 75, "`--set resolution=64 --set resize=fit` (square) or `--set resolution=100x72 --set resize=fit`")]
    [InlineData(2, 2, "`--set resolution=4 --set resize=fit`")]
    public void Open_UnusableSize_NamesItAndWhatToPass(int width, int height, string advice)
    {
        var error = TestSource.Refused(TestSource.Of(3, width: width, height: height), DatasetProblem.UnusableSize);

        Assert.Contains($"{new ImageSize(width, height)}", error.Message, StringComparison.Ordinal);
        Assert.Contains(advice, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, 4)]
    [InlineData(64, 48)]
    [InlineData(12, 20)]
    public void Open_MultiplesOfFour_AreUsable(int width, int height)
    {
        using var dataset = TestSource.Open(TestSource.Of(1, width: width, height: height));

        Assert.Equal(new ImageSize(width, height), dataset.Resolution);
    }

    [Fact]
    public void Open_ResizeToAnUnusableSize_IsRefused() =>
        TestSource.Refused(TestSource.Of(1), DatasetProblem.UnusableSize, new DatasetOptions { Resize = ImageSize.Square(30) });

    [Fact]
    public void Open_BadImageUnderFail_NamesTheFirst()
    {
        var error = TestSource.Refused(WithBad(5, 11), DatasetProblem.BadImage);

        Assert.Contains("0005.png", error.Message, StringComparison.Ordinal);
        Assert.Contains("not a PNG, JPEG, WebP, BMP, TIFF or GIF file", error.Message, StringComparison.Ordinal);
        Assert.Contains("--bad-images skip", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1 << 20)]
    [InlineData(0)]
    public void Open_BadImagesUnderSkip_AreLeftOutAndRecorded(long cache)
    {
        // The first image is bad as well: it cannot fix the size.
        using var dataset = TestSource.Open(WithBad(0, 5, 11), new DatasetOptions { BadImages = BadImagePolicy.Skip, CacheBytes = cache });

        Assert.Equal(17, dataset.Count);
        Assert.Equal(["0000.png", "0005.png", "0011.png"], dataset.BadImages.Select(b => b.Name));
        Assert.All(dataset.BadImages, b => Assert.Equal("not a PNG, JPEG, WebP, BMP, TIFF or GIF file", b.Reason));
        Assert.Equal(6, TestSource.NumberAt(dataset, 4));
        Assert.Equal("0006.png", dataset.NameOf(4));
    }

    [Fact]
    public void Open_AllBadUnderSkip_SaysWhy()
    {
        var error = TestSource.Refused(
            WithBad([.. Enumerable.Range(0, 20)]), DatasetProblem.Empty, new DatasetOptions { BadImages = BadImagePolicy.Skip });

        Assert.Contains("0000.png: not a PNG", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_StorageThatFails_IsFatalWhateverThePolicy()
    {
        var source = new FailingSource(TestSource.Of(10), failing: 7);

        var error = TestSource.Refused(source, DatasetProblem.BadImage, new DatasetOptions { BadImages = BadImagePolicy.Skip });

        Assert.Contains("0007.png", error.Message, StringComparison.Ordinal);
        Assert.True(source.Disposed);
    }

    [Fact]
    public void Open_Cancelled_Stops() => Assert.ThrowsAny<OperationCanceledException>(
        () => ImageDataset.Open(TestSource.Of(3), new DatasetOptions(), cancellation: new CancellationToken(canceled: true)));

    [Fact]
    public void CopyPixels_FileChangedMeanwhile_NamesIt()
    {
        for (var i = 0; i < 3; i++)
            _folder.Write(TestSource.NameOf(i), TestImages.Png(8, 8, i));
        using var dataset = TestSource.Open(ImageSource.Open(_folder.Path), new DatasetOptions { CacheBytes = 0 });
        _folder.Write("0001.png", TestImages.Png(8, 8, 77));
        File.Delete(System.IO.Path.Combine(_folder.Path, "0002.png"));

        foreach (var i in new[] { 1, 2 })
        {
            var error = Assert.Throws<DatasetException>(() => TestSource.NumberAt(dataset, i));
            Assert.Contains(TestSource.NameOf(i), error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ContentHash_FolderAndZipInAnyOrder_IsOne()
    {
        var files = TestSource.Files(9);
        foreach (var (name, content) in files)
            _folder.Write("images/" + name, content);
        var zip = _folder.WriteZip("set.zip", files.Reverse());

        using var folder = TestSource.Open(ImageSource.Open(System.IO.Path.Combine(_folder.Path, "images")));
        using var zipped = TestSource.Open(ImageSource.Open(zip));

        Assert.Equal(folder.ContentHash, zipped.ContentHash);
        Assert.Matches("^[0-9a-f]{64}$", folder.ContentHash);
    }

    [Fact]
    public void ContentHash_OtherNameContentOrLabel_IsAnother()
    {
        var files = TestSource.Files(3);
        string Hash(Dictionary<string, byte[]> of, string? labels = null)
        {
            using var dataset = TestSource.Open(new MemoryImageSource("test", of, labels));
            return dataset.ContentHash;
        }

        var renamed = files.ToDictionary(f => f.Key.Replace('2', '3'), f => f.Value);
        var edited = new Dictionary<string, byte[]>(files) { ["0001.png"] = TestImages.Png(8, 8, 100) };
        const string Labels = """{"labels": [["0000.png", 0], ["0001.png", 1], ["0002.png", 0]]}""";
        string[] hashes = [Hash(files), Hash(renamed), Hash(edited), Hash(files, Labels), Hash(files, Labels.Replace("2.png\", 0", "2.png\", 1", StringComparison.Ordinal))];

        Assert.Equal(5, hashes.Distinct().Count());
    }

    private static MemoryImageSource WithBad(params int[] numbers)
    {
        var files = TestSource.Files(20);
        foreach (var number in numbers)
            files[TestSource.NameOf(number)] = "no image"u8.ToArray();
        return new MemoryImageSource("test", files);
    }

    private sealed class FailingSource(ImageSource inner, int failing) : ImageSource
    {
        public bool Disposed { get; private set; }

        public override string Name => inner.Name;

        public override IReadOnlyList<string> ImageNames => inner.ImageNames;

        public override byte[] Read(int index) => index == failing ? throw new IOException("Input/output error") : inner.Read(index);

        public override string? ReadLabels() => null;

        protected override void Dispose(bool disposing)
        {
            Disposed = true;
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
