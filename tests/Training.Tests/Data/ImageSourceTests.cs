using Atelier.Training.Data;
using Atelier.Training.Tests.Imaging;

namespace Atelier.Training.Tests.Data;

public sealed class ImageSourceTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_Folder_ListsImagesBelowItInOrdinalOrder()
    {
        foreach (var name in new[] { "b/2.jpeg", "b/10.JPG", "a.png", "Z.webp", "notes.txt", ".hidden.png", "b/.thumbs/1.png", "dataset.json" })
            _folder.Write(name, [1, 2, 3]);

        using var source = ImageSource.Open(_folder.Path);

        Assert.Equal(["Z.webp", "a.png", "b/10.JPG", "b/2.jpeg"], source.ImageNames);
        Assert.Equal<byte>([1, 2, 3], source.Read(2));
    }

    [Fact]
    public void Open_Zip_ListsTheSameAsTheFolder()
    {
        string[] names = ["b/2.jpeg", "b/10.JPG", "a.png", "Z.webp", "notes.txt", "__MACOSX/a.png", "b/._2.jpeg"];
        var path = _folder.WriteZip("set.zip", names.Select(n => KeyValuePair.Create(n, "x"u8.ToArray())));

        using var source = ImageSource.Open(path);

        Assert.Equal(["Z.webp", "a.png", "b/10.JPG", "b/2.jpeg"], source.ImageNames);
        Assert.Null(source.ReadLabels());
    }

    [Fact]
    public void Read_ZipFromManyThreads_GivesEveryImageWhole()
    {
        var path = _folder.WriteZip("set.zip", TestSource.Files(40, 32, 32));
        using var source = ImageSource.Open(path);

        Parallel.For(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
            Assert.Equal(TestImages.Png(32, 32, i % 40), source.Read(i % 40)));
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.999)]
    [InlineData(0)]
    public void Open_ZipCutShort_NamesTheFileAndWhatToDo(double share)
    {
        var path = _folder.WriteZip("set.zip", TestSource.Files(20));
        var whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, whole[..(int)(whole.Length * share)]);

        var error = Assert.Throws<DatasetException>(() => ImageSource.Open(path));

        Assert.Equal(DatasetProblem.DamagedArchive, error.Problem);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("again", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NothingThere_NamesThePath()
    {
        var path = System.IO.Path.Combine(_folder.Path, "nowhere");

        var error = Assert.Throws<DatasetException>(() => ImageSource.Open(path));

        Assert.Equal(DatasetProblem.NotFound, error.Problem);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }
}
