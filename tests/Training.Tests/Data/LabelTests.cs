using Atelier.Training.Data;

namespace Atelier.Training.Tests.Data;

public class LabelTests
{
    [Fact]
    public void Open_Classes_BecomeOneHot()
    {
        using var dataset = TestSource.Open(TestSource.Of(3, """{"labels": [["0002.png", 4], ["0000.png", 0], ["0001.png", 2]]}"""));

        Assert.Equal(5, dataset.LabelDim);
        Assert.Equal([1f, 0, 0, 0, 0], Label(dataset, 0));
        Assert.Equal([0f, 0, 1, 0, 0], Label(dataset, 1));
        Assert.Equal([0f, 0, 0, 0, 1], Label(dataset, 2));
    }

    [Fact]
    public void Open_Vectors_StayAsTheyAre()
    {
        using var dataset = TestSource.Open(TestSource.Of(2, """{"labels": [["0000.png", [0.5, -1]], ["0001.png", [2, 1e-3]]]}"""));

        Assert.Equal(2, dataset.LabelDim);
        Assert.Equal([0.5f, -1], Label(dataset, 0));
        Assert.Equal([2, 0.001f], Label(dataset, 1));
    }

    [Theory]
    [InlineData("""{"labels": null}""")]
    [InlineData("""{"labels": []}""")]
    [InlineData("{}")]
    [InlineData(null)]
    public void Open_NoLabels_HasDimensionZeroOrIsRefused(string? json)
    {
        using var dataset = TestSource.Open(TestSource.Of(2, json));

        Assert.Equal(0, dataset.LabelDim);
        TestSource.Refused(TestSource.Of(2, json), DatasetProblem.Labels, new DatasetOptions { Labels = LabelUse.Require });
    }

    [Fact]
    public void Open_LabelsIgnored_AreNotRead()
    {
        using var dataset = TestSource.Open(TestSource.Of(2, "not even JSON"), new DatasetOptions { Labels = LabelUse.Ignore });

        Assert.Equal(0, dataset.LabelDim);
    }

    [Fact]
    public void Open_ImagesWithoutLabels_NamesTheFirstAndCounts()
    {
        var error = TestSource.Refused(TestSource.Of(5, """{"labels": [["0000.png", 1], ["0002.png", 1]]}"""), DatasetProblem.Labels);

        Assert.Contains("0001.png and 2 more (3 of 5 images)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_LabelsWithoutImages_NamesTheFirstAndCounts()
    {
        var error = TestSource.Refused(
            TestSource.Of(1, """{"labels": [["0000.png", 1], ["z.png", 1], ["x.png", 1]]}"""), DatasetProblem.Labels);

        Assert.Contains("x.png and 1 more (2 of 3 labels)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_LabelOfABadImage_GoesWithIt()
    {
        var files = TestSource.Files(3);
        files["0001.png"] = [1, 2, 3];
        var source = new MemoryImageSource("test", files, """{"labels": [["0000.png", 0], ["0001.png", 1], ["0002.png", 2]]}""");

        using var dataset = TestSource.Open(source, new DatasetOptions { BadImages = BadImagePolicy.Skip });

        Assert.Equal(2, dataset.Count);
        Assert.Equal([0f, 0, 1], Label(dataset, 1));
    }

    [Theory]
    [InlineData("""{"labels": [["0000.png", -1]]}""", "from -1")]
    [InlineData("""{"labels": [["0000.png", 2000000]]}""", "2000000")]
    [InlineData("""{"labels": [["0000.png"]]}""", "form")]
    [InlineData("""{"labels": [["0000.png", "cat"]]}""", "form")]
    [InlineData("""{"labels": [["0000.png", 1.5]]}""", "form")]
    [InlineData("""{"labels": [["0000.png", 1], ["0000.png", 2]]}""", "form")]
    [InlineData("""{"labels": {"0000.png": 1}}""", "form")]
    [InlineData("""[1]""", "form")]
    [InlineData("""{"labels": [[null, 1]]}""", "form")]
    [InlineData("""{"labels": [["0000.""", "form")]
    public void Open_MalformedLabels_SaysTheForm(string json, string part)
    {
        var error = TestSource.Refused(TestSource.Of(1, json), DatasetProblem.Labels);

        Assert.Contains("test: dataset.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_VectorsOfDifferentLengths_NamesBoth()
    {
        var error = TestSource.Refused(
            TestSource.Of(2, """{"labels": [["0000.png", [1, 2]], ["0001.png", [1]]]}"""), DatasetProblem.Labels);

        Assert.Contains("0000.png has 2 numbers but 0001.png has 1", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 2, "classes are numbered from 1 to 2, so class 0 has no images")]
    [InlineData(0, 4, "3 of the classes 0 to 4 have no images (class 1, …)")]
    [InlineData(0, 2, "1 of the classes 0 to 2 has no images (class 1)")]
    public void Notes_ClassesWithoutImages_WarnOfThem(int first, int second, string expected)
    {
        using var dataset = TestSource.Open(TestSource.Of(2, $$"""{"labels": [["0000.png", {{first}}], ["0001.png", {{second}}]]}"""));

        Assert.Contains(expected, Assert.Single(dataset.Notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"labels": [["0000.png", 0], ["0001.png", 1]]}""", "test has labels (2 classes), which this run does not use; pass `--set labels=true` to train on them")]
    [InlineData("""{"labels": [["0000.png", [1, 2, 3]], ["0001.png", [4, 5, 6]]]}""", "test has labels (vectors of 3 numbers), which this run does not use; pass `--set labels=true` to train on them")]
    [InlineData("not even JSON", "labels are not used, and are not usable: test: dataset.json is not of the form")]
    public void Notes_LabelsThatAreNotUsed_SayHowToUseThem(string labels, string expected)
    {
        using var dataset = TestSource.Open(TestSource.Of(2, labels), new DatasetOptions { Labels = LabelUse.Ignore });

        Assert.StartsWith(expected, Assert.Single(dataset.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Notes_NothingStrange_AreNone()
    {
        using var used = TestSource.Open(TestSource.Of(2, """{"labels": [["0000.png", 0], ["0001.png", 1]]}"""));
        using var none = TestSource.Open(TestSource.Of(2, """{"labels": null}"""), new DatasetOptions { Labels = LabelUse.Ignore });

        Assert.Empty(used.Notes);
        Assert.Empty(none.Notes);
    }

    private static float[] Label(ImageDataset dataset, int index)
    {
        var label = new float[dataset.LabelDim];
        dataset.CopyLabel(index, label);
        return label;
    }
}
