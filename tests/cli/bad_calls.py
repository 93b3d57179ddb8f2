"""What users pass wrongly to public functions, and what they are told."""

# A call of a public function with a bad value | what its line says.
CALLS = """
NgramExtractor(num_merges="many") | num_merges='many' is not a whole number
NgramExtractor(num_merges=0) | num_merges=0 is below 1
NgramExtractor(min_frequency=None) | min_frequency=None is not a whole number
NgramExtractor(max_length=1.5) | max_length=1.5 is not a whole number
NgramExtractor(scope="class") | scope='class' is unknown; use per_class or corpus
NgramExtractor(cross_punctuation="no") | cross_punctuation='no' is not True or False
NgramExtractor().extract(None, [0]) | token_ids=None is no list
NgramExtractor().extract([[5, 6]], 0) | classes=0 is no list
NgramExtractor().extract(["the sea"], [0]) | token ids 'the sea' are not whole numbers
NgramExtractor().extract([[5, 6]], [0], class_names="ab") | class_names='ab' is one string
NgramInventory.load(5) | path=5 is no path
AllPhraseLabeler("inventory") | inventory='inventory' is no inventory
AllPhraseLabeler(inventory, span_source="all") | span_source='all' is unknown; use own_class or union
AllPhraseLabeler(inventory).label(None) | token ids 'None' are not whole numbers
AllPhraseLabeler(inventory).label([5, 6], document_class="a") | document_class='a' is out of range
AllPhraseLabeler(inventory).label([5, 6], document_class=0.5) | document_class=0.5 is out of range
BitLabelLabeler(inventory, max_patterns="many") | max_patterns='many' is not a whole number
CommonLabelLabeler(inventory, common_min_classes=1) | common_min_classes=1 is below 2
DisregardLabeler(inventory, drop_common="yes") | drop_common='yes' is not True or False
PLLScorer.from_pretrained("tiny", metric="l2r") | metric='l2r' is unknown; use one of
PLLScorer.from_pretrained("tiny", max_length="long") | max_length='long' is outside 3 to 512
PLLScorer.from_pretrained("tiny", stride=1.5) | stride=1.5 is not a whole number
PLLScorer.from_pretrained("tiny", cache=5) | cache=5 is no path
PLLScorer.from_pretrained("tiny", segmenter="japanese") | segmenter='japanese' is no function
PLLScorer.from_pretrained("tiny", device="gpu") | device='gpu' cannot be used here
PLLScorer.from_pretrained("tiny", dtype="float32") | dtype='float32' is no precision
PLLScorer.from_pretrained("/no/such") | model '/no/such': no such folder
PLLScorer(scorer.model, tokenizer, tokens_per_batch=-1) | tokens_per_batch=-1 is below 1
scorer.score("The sea.") | texts='The sea.' is one string; give a list of texts
scorer.score(None) | texts=None is no list
scorer.score(["The sea.", 5]) | texts hold 5, which is no text
scorer.annotate({"input_ids": [[1]]}) | {'input_ids': [[1]]} is no split
scorer.annotate(Dataset.from_dict({"text": ["a"]})) | the data set has no column 'input_ids'
mean_adjust(np.ones(3), target=2) | target=2 is outside [0, 1]
mean_adjust(np.ones(3), target="high") | target='high' is not a number
mean_adjust(np.ones((2, 2))) | scores of shape (2, 2)
mean_adjust("scores") | scores='scores' are no numbers
mean_adjust(["a"]) | scores='a' are no numbers
mean_adjust(torch.tensor([0.5, -1.0])) | score -1.0 is negative or not finite
RTMCollator(tokenizer, mask_rate="high") | mask_rate='high' is not a number
RTMCollator(tokenizer, mask_rate=float("nan")) | mask_rate=nan is outside (0, 1)
RTMCollator(tokenizer, seed=1.5) | seed=1.5 is not a whole number
RTMCollator("tiny") | tokenizer='tiny' is no tokenizer
RTMCollator(tokenizer, adjust="mean") | adjust='mean' is no function
RTMCollator(tokenizer)([]) | [] are no documents
RTMCollator(tokenizer)([{"text": "a"}]) | [{'text': 'a'}] are no documents
L3MaskingCollator(tokenizer, priority="rare") | priority='rare' is no function
L3MaskingCollator(tokenizer)([{"input_ids": [2, 900, 3]}]) | this masking needs a column 'likelihoods'
FrequencyMaskingCollator(tokenizer, power=-1) | power=-1 is negative
SpanMaskingCollator(tokenizer, stop_probability="never") | stop_probability='never' is not a number
SpanMaskingCollator(tokenizer, longest=2.5) | longest=2.5 is not a whole number
TokenScores(["a"], np.array([1, 2]), np.zeros(1), np.zeros(1)) | 1 tokens, 2 token_ids
load(5) | folder=5 is no path
load("/no/such") | '/no/such' holds no classifier
load("tiny", device="gpu") | device='gpu' cannot be used here
Classifier(None, tokenizer).predict_probabilities("The sea.") | texts='The sea.' is one string
Classifier(None, tokenizer).predict_probabilities([None]) | texts hold None, which is no text
mask_heatmap(scores, target=0) | target=0 is outside (0, 1)
mask_heatmap(scores, palette="jet") | palette='jet' is unknown; use one of
mask_heatmap([scores]) | are not those of one text
mask_heatmap(scores).save("x.gif") | a figure cannot be saved as '.gif'
mask_heatmap(scores).save(5) | path=5 is no path
mask_heatmap(scores).terminal(width=0) | width=0 is below 1
likelihood_histogram({"train": [0.5]}, bins=0) | bins=0 is below 1
likelihood_histogram([0.5]) | likelihoods=[0.5] have no names
likelihood_histogram({"train": ["likely"]}) | likelihoods={'train': ['likely']} are no numbers
likelihood_histogram({"train": [2.0]}) | a likelihood is outside [0, 1]
task_weights(5) | run=5 is no path
task_weights("/no/such") | '/no/such' holds no history.jsonl
fit(documents, seed="abc") | seed='abc' is not a whole number
fit(documents, seed=-1) | seed=-1 is not a whole number
fit(documents, max_length="long") | model.max_length='long' is not a whole number from 3
fit(documents, force="no") | force='no' is not true or false
fit(documents, model="/no/such") | model '/no/such': no such folder
fit(documents, aux="l3mask") | aux='l3mask' is unknown, did you mean l3masking?
fit(documents, aux={"rtm": {"decoder": "free"}}) | aux.rtm.decoder='free' is unknown; use tied, detached or
fit(documents, aux={"rtm": {"masking": {"mask_rat": 0.2}}}) | aux.rtm.masking.mask_rat=0.2 is no option, did you
fit(documents, trainer={"learning_rate": "fast"}) | trainer.learning_rate='fast' is not a number from 0
fit(documents, trainer={"lerning_rate": 1e-3}) | trainer.lerning_rate=0.001 is no option, did you mean trainer.le
fit(documents, scoring={"stride": 0}) | scoring.stride=0 is not a whole number from 1
fit(documents, weighting={"auxiliary": -1}) | weighting.auxiliary=-1 is not a number from 0
fit("/no/such.csv") | /no/such.csv
"""
