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

    [Fact]
    public void Open_FormatsThatWereLeftOut_AreImages()
    {
        foreach (var name in new[] { "a.bmp", "b.TIF", "c.tiff", "d.gif" })
            _folder.Write(name, [1]);

        using var source = ImageSource.Open(_folder.Path);

        Assert.Equal(["a.bmp", "b.TIF", "c.tiff", "d.gif"], source.ImageNames);
    }

    [Fact]
    public void Ignored_FolderWithOtherFiles_AreCountedAndNamed()
    {
        foreach (var name in new[] { "a.png", "dataset.json", "captions/2.txt", "captions/1.txt", "sub/dataset.json", ".hidden.png", "._a.png", "__MACOSX/a.png", "README" })
            _folder.Write(name, [1]);

        using var source = ImageSource.Open(_folder.Path);

        Assert.Equal(["a.png"], source.ImageNames);
        Assert.Equal(
            [new IgnoredKind(".txt files", 2, "captions/1.txt"), new("hidden files", 2, "._a.png"), new(".json files", 1, "sub/dataset.json"), new("files of __MACOSX", 1, "__MACOSX/a.png"), new("files without an extension", 1, "README")],
            source.Ignored.Kinds);
        Assert.Equal(
            "7 files: 2 .txt files (captions/1.txt, …), 2 hidden files (._a.png, …), 1 .json files (sub/dataset.json), 1 files of __MACOSX (__MACOSX/a.png), 1 files without an extension (README)",
            source.Ignored.ToString());
    }

    [Fact]
    public void Ignored_Zip_IsTheSameAsOfTheFolder()
    {
        var path = _folder.WriteZip("set.zip", new[] { "a.png", "dataset.json", "b/", "b/._2.png", "notes.txt" }.Select(n => KeyValuePair.Create(n, n.EndsWith('/') ? [] : "x"u8.ToArray())));

        using var source = ImageSource.Open(path);

        Assert.Equal([new IgnoredKind(".txt files", 1, "notes.txt"), new("hidden files", 1, "b/._2.png")], source.Ignored.Kinds);
    }

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    public void Open_LinkToAFolderAroundIt_IsRefusedByName(string target)
    {
        _folder.Write("set/sub/a.png", [1]);
        var root = System.IO.Path.Combine(_folder.Path, "set");
        Directory.CreateSymbolicLink(System.IO.Path.Combine(root, "sub", "loop"), target);

        var error = Assert.Throws<DatasetException>(() => ImageSource.Open(root));

        Assert.Contains($"{root}: sub/loop is a link to ", error.Message, StringComparison.Ordinal);
        Assert.Contains("Remove the link", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_LinksThatLeadToEachOther_AreRefusedByName()
    {
        _folder.Write("set/a.png", [1]);
        _folder.Write("other/b.png", [1]);
        var (set, other) = (System.IO.Path.Combine(_folder.Path, "set"), System.IO.Path.Combine(_folder.Path, "other"));
        Directory.CreateSymbolicLink(System.IO.Path.Combine(set, "more"), other);
        Directory.CreateSymbolicLink(System.IO.Path.Combine(other, "back"), set);

        Assert.Contains("more/back is a link to ", Assert.Throws<DatasetException>(() => ImageSource.Open(set)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_SeveralLinksToOneFolder_ListsItOnce()
    {
        _folder.Write("set/a.png", [1]);
        _folder.Write("set/sub/b.png", [1]);
        _folder.Write("outside/c.png", [2]);
        var set = System.IO.Path.Combine(_folder.Path, "set");
        Directory.CreateSymbolicLink(System.IO.Path.Combine(set, "1-inside"), "sub");
        Directory.CreateSymbolicLink(System.IO.Path.Combine(set, "2-outside"), "../outside");
        Directory.CreateSymbolicLink(System.IO.Path.Combine(set, "3-outside"), "../outside");
        File.CreateSymbolicLink(System.IO.Path.Combine(set, "d.png"), "../outside/c.png");

        using var source = ImageSource.Open(set);

        Assert.Equal(["2-outside/c.png", "a.png", "d.png", "sub/b.png"], source.ImageNames);
        Assert.Equal<byte>([2], source.Read(0));
        Assert.Equal([new IgnoredKind("links to folders that are already listed", 2, "1-inside")], source.Ignored.Kinds);
    }

    [Fact]
    public void Open_FolderThatIsALinkItself_IsListed()
    {
        _folder.Write("set/a.png", [1]);
        var link = System.IO.Path.Combine(_folder.Path, "link");
        Directory.CreateSymbolicLink(link, "set");

        using var source = ImageSource.Open(link);

        Assert.Equal(["a.png"], source.ImageNames);
        Assert.Equal(link, source.Name);
    }
}
